import { vi } from "vitest";

type Hold = (lock: object) => unknown;
interface Waiting {
  hold: Hold;
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
  signal: AbortSignal | undefined;
}

/** Web Locks as far as they are used: exclusive, with `signal` and `steal`. */
export class FakeLocks {
  readonly #held = new Map<string, { reject: (reason: unknown) => void }>();
  readonly #queues = new Map<string, Waiting[]>();

  request(name: string, options: { signal?: AbortSignal; steal?: boolean } | Hold, hold?: Hold): Promise<unknown> {
    const { signal, steal } = typeof options === "function" ? {} : options;
    const run = typeof options === "function" ? options : hold;
    return new Promise((resolve, reject) => {
      const waiting = { hold: run as Hold, resolve, reject, signal };
      signal?.addEventListener("abort", () => this.#abort(name, waiting));
      if (steal) this.#steal(name);
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, steal ? [waiting, ...queue] : [...queue, waiting]);
      queueMicrotask(() => this.#grant(name));
    });
  }

  #steal(name: string): void {
    const holder = this.#held.get(name);
    this.#held.delete(name);
    holder?.reject(new DOMException("stolen", "AbortError"));
  }

  #abort(name: string, waiting: Waiting): void {
    const queue = this.#queues.get(name) ?? [];
    if (!queue.includes(waiting)) return;
    this.#queues.set(
      name,
      queue.filter((other) => other !== waiting),
    );
    waiting.reject(new DOMException("aborted", "AbortError"));
  }

  #grant(name: string): void {
    const next = this.#queues.get(name)?.[0];
    if (this.#held.has(name) || !next) return;
    this.#queues.get(name)?.shift();
    const holder = { reject: next.reject };
    this.#held.set(name, holder);
    Promise.resolve(next.hold({ name })).then((value) => {
      next.resolve(value);
      if (this.#held.get(name) !== holder) return;
      this.#held.delete(name);
      this.#grant(name);
    });
  }
}

/** A message arrives a little later, as a copy, in all other tabs. `asleep`: tabs that hear nothing. */
export class FakeChannel {
  static all: FakeChannel[] = [];
  static said: unknown[] = [];
  static asleep = new Set<FakeChannel>();
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(readonly name: string) {
    FakeChannel.all.push(this);
  }

  postMessage(data: unknown): void {
    FakeChannel.said.push(data);
    if (FakeChannel.asleep.has(this)) return;
    for (const other of FakeChannel.all) {
      if (other !== this && other.name === this.name) {
        const copy = structuredClone(data);
        queueMicrotask(() => {
          if (FakeChannel.all.includes(other) && !FakeChannel.asleep.has(other)) other.onmessage?.({ data: copy });
        });
      }
    }
  }

  close(): void {
    FakeChannel.all = FakeChannel.all.filter((channel) => channel !== this);
  }
}

export function installBrowser(): void {
  FakeChannel.all = [];
  FakeChannel.said = [];
  FakeChannel.asleep.clear();
  vi.stubGlobal("BroadcastChannel", FakeChannel);
  Object.defineProperty(navigator, "locks", { value: new FakeLocks(), configurable: true });
}
