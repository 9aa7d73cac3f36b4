import { SIGNED_IN } from "../api/client";
import type { Problem } from "../api/problem";
import type { Snapshot } from "../api/schema";
import type { Connection } from "./connection";
import type { StreamEvent } from "./events";
import { isFinished } from "./fold";
import { Latencies } from "./latency";
import { type Known, Ledger, toProblem } from "./ledger";
import { type Heard, type Line, ownLine } from "./line";
import { SharedLine } from "./SharedLine";
import { canShare } from "./tabs";

const TOLD_EVERY_MS = 16; // a picture of the screen: twenty changes in one are one
const LINGER_MS = 5000; // a page that is left and entered again keeps its line

/** One batch as the page shows it; the same object until something changes. */
export interface View {
  data: Snapshot | null;
  error: Problem | null;
  lastUpdate: number | null;
  connection: Connection;
}

/** An event as it came, and how old it was by this browser's clock (null where the service does not say). */
export type Tap = (event: StreamEvent, latencyMs: number | null) => void;

/** What all components of a tab follow together. */
export class Feed {
  readonly #ledger = new Ledger();
  readonly #latencies = new Latencies();
  readonly #line: Line;
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #views = new Map<string, View>();
  readonly #taps = new Set<Tap>();
  readonly #changed = new Set<string>();
  #telling: ReturnType<typeof setTimeout> | undefined;
  #lingering: ReturnType<typeof setTimeout> | undefined;

  constructor(lineOf: (ledger: Ledger, heard: Heard) => Line = bestLine) {
    this.#line = lineOf(this.#ledger, {
      onEvent: (event, changed) => this.#onEvent(event, changed),
      onConnection: () => this.#tell([...this.#listeners.keys()]),
    });
    window.addEventListener(SIGNED_IN, this.#onSignedIn);
  }

  readonly #onSignedIn = () => this.#line.retry();

  /** Counted: the last one who leaves ends it. */
  follow(batchId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(batchId);
    if (listeners) listeners.add(listener);
    else {
      this.#listeners.set(batchId, new Set([listener]));
      this.#line.follow([...this.#listeners.keys()]);
    }
    return () => this.#unfollow(batchId, listener);
  }

  view(batchId: string): View {
    const known = this.#ledger.of(batchId);
    const before = this.#views.get(batchId);
    const view = this.#viewOf(batchId, known);
    if (before && isSame(before, view)) return before;
    this.#views.set(batchId, view);
    return view;
  }

  retry(): void {
    this.#line.retry();
  }

  reopen(batchId: string): void {
    this.#line.reopen(batchId);
  }

  /** The answer to a call, a correction say: as if the stream had brought it. */
  learn(snapshot: Snapshot): void {
    const at = Date.now();
    this.#line.learn({ name: "progress", data: snapshot, at });
    if (isFinished(snapshot)) this.#line.learn({ name: "complete", data: snapshot, at });
  }

  tap(tap: Tap): () => void {
    this.#taps.add(tap);
    return () => this.#taps.delete(tap);
  }

  close(): void {
    clearTimeout(this.#telling);
    clearTimeout(this.#lingering);
    this.#latencies.close();
    window.removeEventListener(SIGNED_IN, this.#onSignedIn);
    this.#line.close();
  }

  #unfollow(batchId: string, listener: () => void): void {
    const listeners = this.#listeners.get(batchId);
    listeners?.delete(listener);
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => this.#sweep(), LINGER_MS);
  }

  #sweep(): void {
    for (const [batchId, listeners] of this.#listeners) {
      if (listeners.size) continue;
      this.#listeners.delete(batchId);
      this.#views.delete(batchId);
    }
    this.#line.follow([...this.#listeners.keys()]);
  }

  #viewOf(batchId: string, known: Known): View {
    const connection = this.#connectionOf(batchId, known);
    const error = "problem" in connection ? connection.problem : null;
    return { data: known.snapshot, error, lastUpdate: known.at, connection };
  }

  /** The line may live on for other batches when this one has ended. */
  #connectionOf(batchId: string, known: Known): Connection {
    const before = this.#views.get(batchId)?.connection;
    if (known.refusal) {
      const isOld = before?.phase === "refused" && before.problem.slug === known.refusal.slug;
      return isOld ? before : { phase: "refused", problem: toProblem(known.refusal) };
    }
    if (this.#ledger.isOver(batchId)) return before?.phase === "ended" ? before : { phase: "ended" };
    return this.#line.connection;
  }

  #onEvent(event: StreamEvent | null, changed: readonly string[]): void {
    if (event) {
      const latency = this.#latencies.take(event);
      for (const tap of this.#taps) tap(event, latency);
    }
    this.#tell(changed);
  }

  /** The first news at once, those that follow within a picture of the screen together. */
  #tell(batches: readonly string[]): void {
    for (const batchId of batches) this.#changed.add(batchId);
    if (this.#telling === undefined && this.#changed.size) this.#tellNow();
  }

  #tellNow(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    this.#telling = changed.length
      ? setTimeout(() => {
          this.#telling = undefined;
          if (this.#changed.size) this.#tellNow();
        }, TOLD_EVERY_MS)
      : undefined;
    for (const batchId of changed) {
      for (const listener of this.#listeners.get(batchId) ?? []) listener();
    }
  }
}

function bestLine(ledger: Ledger, heard: Heard): Line {
  return canShare() ? new SharedLine(ledger, heard) : ownLine(ledger, heard);
}

function isSame(a: View, b: View): boolean {
  return a.data === b.data && a.lastUpdate === b.lastUpdate && a.connection === b.connection;
}

let shared: Feed | undefined;

/** The feed of this tab, made when it is first needed. */
export function pageFeed(): Feed {
  shared ??= new Feed();
  return shared;
}
