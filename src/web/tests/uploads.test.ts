import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UploadQueue } from "../src/upload/queue";

/** XMLHttpRequest as a test plays it. */
class FakeRequest {
  static all: FakeRequest[] = [];
  static get open(): FakeRequest[] {
    return FakeRequest.all.filter((request) => !request.over);
  }
  readonly upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  readonly headers: Record<string, string> = {};
  status = 0;
  responseText = "";
  over = false;
  body: unknown;
  onload = () => {};
  onerror = () => {};
  onabort = () => {};
  onloadend = () => {};
  #answers: Record<string, string> = {};

  constructor() {
    FakeRequest.all.push(this);
  }
  open(): void {}
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }
  getResponseHeader(name: string): string | null {
    return this.#answers[name] ?? null;
  }
  send(body: unknown): void {
    this.body = body;
  }
  abort(): void {
    if (this.over) return;
    this.#end(this.onabort);
  }
  come(loaded: number, total: number): void {
    this.upload.onprogress?.({ loaded, total });
  }
  answer(
    status: number,
    body: object | string = { uploadId: `stored-${this.headers["X-Filename"]}` },
    headers = {},
  ): void {
    this.status = status;
    this.responseText = typeof body === "string" ? body : JSON.stringify(body);
    this.#answers = headers;
    this.#end(this.onload);
  }
  breakOff(): void {
    this.#end(this.onerror);
  }
  #end(handler: () => void): void {
    this.over = true;
    handler();
    this.onloadend();
  }
}

let queue: UploadQueue;
const settle = () => vi.advanceTimersByTimeAsync(0);
const files = (...names: string[]) => names.map((name) => new File(["photo"], name, { type: "image/jpeg" }));
const states = () => queue.list().map(({ state }) => state);
const at = (place: number) => queue.list()[place] ?? expect.fail();

function problem(slug: string): object {
  return { type: `https://roomtally.dev/problems/${slug}`, detail: `About ${slug}.` };
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeRequest.all = [];
  vi.stubGlobal("XMLHttpRequest", FakeRequest);
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(true);
  queue = new UploadQueue();
});

afterEach(() => {
  queue.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("uploads", () => {
  it("go three at a time, in order", async () => {
    queue.add(files("a", "b", "c", "d", "e"));
    expect(states()).toEqual(["sending", "sending", "sending", "waiting", "waiting"]);
    FakeRequest.all[1]?.answer(201);
    await settle();
    expect(states()).toEqual(["sending", "done", "sending", "sending", "waiting"]);
    expect(at(1).uploadId).toBe("stored-b");
    expect(FakeRequest.open).toHaveLength(3);
  });

  it("tell how far each has come, and leave the others the same objects", () => {
    queue.add(files("a", "b"));
    const [before] = queue.list().slice(1);
    FakeRequest.all[0]?.come(42, 100);
    expect(at(0).progress).toBe(0.42);
    expect(at(1)).toBe(before);
  });

  it("send any name percent-encoded, with its type as a hint", () => {
    queue.add([new File(["x"], "<img src=x>é\ud800.jpg"), new File(["x"], "plain.png", { type: "image/png" })]);
    expect(FakeRequest.all[0]?.headers).toMatchObject({
      "X-Filename": "%3Cimg%20src%3Dx%3E%C3%A9%EF%BF%BD.jpg",
      "Content-Type": "application/octet-stream",
    });
    expect(FakeRequest.all[1]?.headers["Content-Type"]).toBe("image/png");
  });

  it("are tried again after a 500, slower each time, under the same key; then the person decides", async () => {
    queue.add(files("a", "b", "c"));
    FakeRequest.all[0]?.answer(201);
    FakeRequest.all[1]?.answer(201);
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000]) {
      FakeRequest.all.at(-1)?.answer(500, problem("internal-error"));
      await settle();
      expect(at(2)).toMatchObject({
        state: "retrying",
        nextAt: Date.now() + wait,
        problem: { slug: "internal-error" },
      });
      await vi.advanceTimersByTimeAsync(wait);
      expect(at(2).state).toBe("sending");
    }
    FakeRequest.all.at(-1)?.answer(500);
    await settle();
    expect(states()).toEqual(["done", "done", "failed"]);
    queue.retry(at(2).id);
    FakeRequest.all.at(-1)?.answer(201);
    await settle();
    expect(states()).toEqual(["done", "done", "done"]);
    const keys = FakeRequest.all.slice(2).map((request) => request.headers["Idempotency-Key"]);
    expect(new Set(keys).size).toBe(1);
    expect(FakeRequest.all[0]?.headers["Idempotency-Key"]).not.toBe(keys[0]);
  });

  it("wait as long as the service asks", async () => {
    queue.add(files("a"));
    FakeRequest.all[0]?.answer(503, problem("storage-unavailable"), { "Retry-After": "5" });
    await settle();
    expect(at(0).nextAt).toBe(Date.now() + 5000);
  });

  it("are not tried again where that cannot help", async () => {
    queue.add(files("a", "b"));
    FakeRequest.all[0]?.answer(415, problem("unsupported-photo"));
    FakeRequest.all[1]?.answer(201);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(at(0)).toMatchObject({
      state: "refused",
      problem: { slug: "unsupported-photo", detail: "About unsupported-photo." },
    });
    expect(FakeRequest.all).toHaveLength(2);
  });

  it("that are signed out may be sent again", async () => {
    queue.add(files("a"));
    FakeRequest.all[0]?.answer(401, problem("session-ended"));
    await settle();
    expect(at(0)).toMatchObject({ state: "failed", problem: { slug: "session-ended" } });
  });

  it("survive a time without network, and go on by themselves", async () => {
    queue.add(files("a", "b"));
    FakeRequest.all[0]?.come(42, 100);
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    FakeRequest.all[0]?.breakOff();
    FakeRequest.all[1]?.breakOff();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(at(0)).toMatchObject({ state: "retrying", nextAt: null, progress: 0.42, problem: { slug: "unreachable" } });
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(true);
    window.dispatchEvent(new Event("online"));
    expect(states()).toEqual(["sending", "sending"]);
    for (const request of FakeRequest.open) request.answer(201);
    await settle();
    expect(states()).toEqual(["done", "done"]);
  });

  it("are given up when nothing moves for a minute, and tried again", async () => {
    queue.add(files("a"));
    await vi.advanceTimersByTimeAsync(59_000);
    FakeRequest.all[0]?.come(1, 10);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(at(0).state).toBe("sending");
    await vi.advanceTimersByTimeAsync(1000);
    expect(at(0)).toMatchObject({ state: "retrying", problem: { slug: "unreachable" } });
  });

  it("that are taken out are not sent on, and make room", async () => {
    queue.add(files("a", "b", "c", "d"));
    queue.remove(at(0).id);
    await settle();
    expect(FakeRequest.all[0]?.over).toBe(true);
    expect(queue.list().map(({ file }) => file.name)).toEqual(["b", "c", "d"]);
    expect(states()).toEqual(["sending", "sending", "sending"]);
  });
});

describe("submitting", () => {
  async function twoDone(): Promise<void> {
    queue.add(files("a", "b", "c"));
    FakeRequest.all[0]?.answer(201);
    FakeRequest.all[2]?.answer(201);
    FakeRequest.all[1]?.answer(415, problem("unsupported-photo"));
    await settle();
  }

  it("makes one batch of those that are done, however often it is asked", async () => {
    await twoDone();
    const fetched = vi.fn(async () => new Response(JSON.stringify({ batchId: "made" }), { status: 201 }));
    vi.stubGlobal("fetch", fetched);
    const [one, two] = await Promise.all([queue.submit("move"), queue.submit("move")]);
    expect(one.batchId).toBe("made");
    expect(two).toBe(one);
    expect(fetched).toHaveBeenCalledTimes(1);
    expect(fetched.mock.calls[0]).toMatchObject([
      "/api/batches",
      { method: "POST", body: JSON.stringify({ projectId: "move", uploads: ["stored-a", "stored-c"] }) },
    ]);
    expect(queue.list().map(({ file }) => file.name)).toEqual(["b"]);
  });

  it("asks again under the same key after a failure", async () => {
    await twoDone();
    const keys: (string | null)[] = [];
    const fetched = vi.fn(async (_: string, { headers }: { headers: Headers }) => {
      keys.push(headers.get("Idempotency-Key"));
      if (keys.length === 1) throw new TypeError("network");
      return new Response(JSON.stringify({ batchId: "made" }), { status: 201 });
    });
    vi.stubGlobal("fetch", fetched);
    await expect(queue.submit("move")).rejects.toMatchObject({ slug: "unreachable" });
    expect(states()).toEqual(["done", "refused", "done"]);
    await expect(queue.submit("move")).resolves.toMatchObject({ batchId: "made" });
    expect(keys[0]).toBeTruthy();
    expect(keys[1]).toBe(keys[0]);
  });
});
