import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../src/api/problem";
import { BatchStream, type BatchStreamOptions } from "../src/stream/BatchStream";
import { OPENING_MS, type Phase, SILENT_MS } from "../src/stream/connection";
import { A, B, change, complete, progress, snapshot, vectorOf } from "./fakes/batch";
import { FakeSource } from "./fakes/source";

let stream: BatchStream;
let phases: Phase[];
let fetched: ReturnType<typeof vi.fn>;

function answer(status: number, slug = "", headers: Record<string, string> = {}): Response {
  const body = slug ? JSON.stringify({ type: `https://roomtally.dev/problems/${slug}`, detail: `About ${slug}.` }) : "";
  return new Response(body, { status, headers });
}

function make(options: BatchStreamOptions = {}): BatchStream {
  phases = [];
  stream = new BatchStream({ ...options, onConnection: ({ phase }) => phases.push(phase) });
  return stream;
}

/** Lets promises run that no timer holds. */
const settle = () => vi.advanceTimersByTimeAsync(0);

async function live(batches = [A], n = 1): Promise<FakeSource> {
  stream.follow(batches);
  await settle();
  for (const batchId of batches) FakeSource.newest.say("progress", progress(n, { batchId }));
  return FakeSource.newest;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5); // no jitter
  FakeSource.install();
  fetched = vi.fn(async () => answer(200));
  vi.stubGlobal("fetch", fetched);
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(true);
  make();
});

afterEach(() => {
  stream.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("opening", () => {
  it("asks for changes of all batches on one connection, and is live with the first event", async () => {
    stream.follow([A, B]);
    await settle();
    expect(FakeSource.all).toHaveLength(1);
    expect(FakeSource.newest.url).toBe(`/api/stream?batch=${A}&batch=${B}&mode=delta`);
    expect(stream.connection.phase).toBe("connecting");
    FakeSource.newest.say("progress", progress(1));
    expect(stream.connection.phase).toBe("live");
    expect(stream.ledger.of(A).snapshot).toEqual(snapshot(1));
  });

  it("opens anew for another batch, once for several, and from where it was", async () => {
    const first = await live();
    stream.follow([A, B]);
    stream.follow([A, B, "c"]);
    await vi.advanceTimersByTimeAsync(60);
    expect(FakeSource.all).toHaveLength(2);
    expect(first.readyState).toBe(FakeSource.CLOSED);
    expect(FakeSource.newest.query.getAll("batch")).toEqual([A, B, "c"]);
    expect(FakeSource.newest.query.get("after")).toBe(vectorOf(1, 0, 0));
    expect(stream.connection.phase).toBe("live");
  });

  it("opens nothing for a batch less, and hears no more of it", async () => {
    await live([A, B]);
    stream.follow([A]);
    FakeSource.newest.say("change", change(2, { batchId: B }));
    await vi.advanceTimersByTimeAsync(100);
    expect(FakeSource.all).toHaveLength(1);
    expect(stream.ledger.of(B).snapshot).toBeNull();
  });

  it("closes when nobody follows anything", async () => {
    const source = await live();
    stream.follow([]);
    expect(source.readyState).toBe(FakeSource.CLOSED);
  });

  it("asks for a fresh ticket for each connection to another origin", async () => {
    const tickets = ["one", "two"];
    make({ base: "https://tally.example", ticket: async () => tickets.shift() ?? "none" });
    stream.follow([A]);
    await settle();
    expect(FakeSource.newest.url).toContain("https://tally.example/api/stream?");
    expect(FakeSource.newest.query.get("ticket")).toBe("one");
    FakeSource.newest.say("timeout", { retryMs: 1000 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSource.newest.query.get("ticket")).toBe("two");
  });
});

describe("what comes", () => {
  it("folds changes, and takes fields that nobody knows", async () => {
    const source = await live();
    source.sayText("change", JSON.stringify({ ...change(2, { progress: 50 }), surprise: { deep: [1] } }));
    expect(stream.ledger.of(A).snapshot?.progress).toBe(50);
  });

  it("ignores what is no JSON", async () => {
    const source = await live();
    source.sayText("change", "{");
    expect(stream.connection.phase).toBe("live");
  });

  it("ends with `complete`, and never opens again by itself", async () => {
    const source = await live();
    source.say("change", change(2, { status: "COMPLETED", progress: 100 }));
    expect(stream.connection.phase).toBe("live");
    source.say("complete", complete(2));
    expect(stream.connection.phase).toBe("ended");
    expect(source.readyState).toBe(FakeSource.CLOSED);
    document.dispatchEvent(new Event("visibilitychange"));
    window.dispatchEvent(new Event("online"));
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(FakeSource.all).toHaveLength(1);
    expect(fetched).not.toHaveBeenCalled();
  });

  it("goes on with the other batches after one is complete", async () => {
    const source = await live([A, B]);
    source.say("complete", complete(1, { status: "FAILED" }));
    expect(stream.connection.phase).toBe("live");
    expect(stream.ledger.isOver(A)).toBe(true);
    source.say("complete", complete(1, { status: "FAILED", batchId: B }));
    expect(stream.connection.phase).toBe("ended");
  });

  it("opens again when the person reopens a finished batch", async () => {
    const source = await live();
    source.say("complete", complete(1));
    stream.reopen(A);
    await settle();
    expect(FakeSource.all).toHaveLength(2);
    FakeSource.newest.say("progress", progress(2, { run: 2 }));
    expect(stream.ledger.of(A).snapshot?.run).toBe(2);
    expect(stream.connection.phase).toBe("live");
  });

  it("says why one batch is gone and goes on with the others; with the last one it is refused", async () => {
    const source = await live([A, B]);
    source.say("error", { code: "batch-deleted", message: "Gone.", retryable: false, batchId: A });
    expect(stream.connection.phase).toBe("live");
    source.say("error", { code: "batch-deleted", message: "Gone.", retryable: false, batchId: B });
    expect(stream.connection).toMatchObject({ phase: "refused", problem: { slug: "batch-deleted", status: 404 } });
  });

  it("stops when the session ends, until the person is back", async () => {
    const source = await live();
    source.say("error", { code: "session-ended", message: "Signed out.", retryable: false });
    expect(stream.connection).toMatchObject({ phase: "refused", problem: { slug: "session-ended", status: 401 } });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(FakeSource.all).toHaveLength(1);
    stream.retry();
    await settle();
    expect(FakeSource.newest.query.get("after")).toBe(vectorOf(1));
  });

  it("comes back by itself after an error that passes", async () => {
    const source = await live();
    source.say("error", { code: "too-slow", message: "Too slow.", retryable: true });
    expect(stream.connection).toMatchObject({ phase: "reconnecting", attempt: 1 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSource.all).toHaveLength(2);
  });

  it("throws away what it has after `reset`", async () => {
    const source = await live([A], 9);
    source.say("reset", { reason: "epoch", batchId: A });
    source.say("progress", progress(2));
    expect(stream.ledger.of(A).snapshot).toEqual(snapshot(2));
  });

  it("waits as long as `timeout` says and nobody sees it", async () => {
    const source = await live();
    phases = [];
    source.say("timeout", { retryMs: 2500 });
    expect(source.readyState).toBe(FakeSource.CLOSED);
    await vi.advanceTimersByTimeAsync(2499);
    expect(FakeSource.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSource.newest.query.get("after")).toBe(vectorOf(1));
    FakeSource.newest.say("ping", { timestamp: 0 });
    expect(phases).toEqual([]);
  });

  it("reads the whole state anew where an event is missing", async () => {
    const source = await live();
    source.say("change", change(3));
    expect(source.readyState).toBe(FakeSource.CLOSED);
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSource.newest.query.get("after")).toBeNull();
    FakeSource.newest.say("progress", progress(3));
    expect(stream.ledger.of(A).snapshot).toEqual(snapshot(3));
  });
});

describe("a line that breaks", () => {
  it("is left to the browser while it comes back by itself, every 20 s if need be", async () => {
    const source = await live();
    for (let cut = 0; cut < 20; cut += 1) {
      await vi.advanceTimersByTimeAsync(18_000);
      source.cut();
      expect(stream.connection).toMatchObject({ phase: "reconnecting", attempt: 1, nextAt: null });
      await vi.advanceTimersByTimeAsync(2000);
      source.say("ping", { timestamp: 0 });
      expect(stream.connection.phase).toBe("live");
    }
    expect(FakeSource.all).toHaveLength(1);
    expect(fetched).not.toHaveBeenCalled();
  });

  it("is opened by hand when the browser fails too: 1, 2, 4, 8, 16 s apart, then it is lost", async () => {
    const source = await live();
    source.cut();
    source.cut();
    const waits = [2000, 4000, 8000, 16_000];
    for (const [place, wait] of waits.entries()) {
      expect(stream.connection).toMatchObject({ phase: "reconnecting", attempt: place + 2 });
      expect(FakeSource.open).toEqual([]);
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(FakeSource.all).toHaveLength(place + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(FakeSource.all).toHaveLength(place + 2);
      expect(FakeSource.newest.query.get("after")).toBe(vectorOf(1));
      FakeSource.newest.cut();
    }
    expect(stream.connection.phase).toBe("lost");
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(FakeSource.all).toHaveLength(5);
    stream.retry();
    await settle();
    expect(FakeSource.all).toHaveLength(6);
    expect(stream.connection.phase).toBe("reconnecting");
    FakeSource.newest.say("ping", { timestamp: 0 });
    expect(stream.connection.phase).toBe("live");
  });

  it("is dead after 2.5 heartbeats without a byte, whatever the socket says", async () => {
    const source = await live();
    await vi.advanceTimersByTimeAsync(SILENT_MS - 1);
    expect(stream.connection.phase).toBe("live");
    await vi.advanceTimersByTimeAsync(1);
    expect(stream.connection).toMatchObject({ phase: "reconnecting", attempt: 1 });
    expect(source.readyState).toBe(FakeSource.CLOSED);
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSource.all).toHaveLength(2);
  });

  it("lives as long as pings come", async () => {
    const source = await live();
    for (let ping = 0; ping < 20; ping += 1) {
      await vi.advanceTimersByTimeAsync(15_000);
      source.say("ping", { timestamp: 0 });
    }
    expect(phases).toEqual(["live"]);
  });

  it("is given up while opening when nothing comes", async () => {
    stream.follow([A]);
    await vi.advanceTimersByTimeAsync(OPENING_MS);
    expect(stream.connection).toMatchObject({ phase: "reconnecting", attempt: 1 });
  });

  it("is spread: browsers that were cut together do not come back together", async () => {
    vi.mocked(Math.random).mockReturnValue(1);
    const source = await live();
    source.say("error", { code: "x", message: "", retryable: true });
    await vi.advanceTimersByTimeAsync(1249);
    expect(FakeSource.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSource.all).toHaveLength(2);
  });

  it("hears nothing of an older connection", async () => {
    const source = await live();
    await vi.advanceTimersByTimeAsync(SILENT_MS + 1000);
    FakeSource.newest.say("progress", progress(5));
    source.say("progress", progress(9));
    source.refuse();
    expect(stream.ledger.of(A).snapshot).toEqual(snapshot(5));
    expect(stream.connection.phase).toBe("live");
  });
});

describe("a stream that is refused", () => {
  async function refused(...answers: Response[]): Promise<void> {
    for (const one of answers) fetched.mockResolvedValueOnce(one);
    stream.follow([A]);
    await settle();
    FakeSource.newest.refuse();
    await settle();
  }

  it.each([
    [401, "not-signed-in"],
    [404, "batch-not-found"],
    [403, "forbidden"],
  ])("says why and stays: %i", async (status, slug) => {
    await refused(answer(status, slug));
    expect(fetched).toHaveBeenCalledWith(
      FakeSource.newest.url,
      expect.objectContaining({ credentials: "same-origin" }),
    );
    expect(stream.connection).toMatchObject({ phase: "refused", problem: { slug, status, detail: `About ${slug}.` } });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(FakeSource.all).toHaveLength(1);
  });

  it.each([
    [429, "too-many-streams"],
    [503, "streams-full"],
  ])("waits as long as it is told, for ever if need be: %i", async (status, slug) => {
    stream.follow([A]);
    await settle();
    for (let time = 1; time <= 10; time += 1) {
      fetched.mockResolvedValueOnce(answer(status, slug, { "Retry-After": "30" }));
      FakeSource.newest.refuse();
      await settle();
      expect(stream.connection).toMatchObject({ phase: "waiting", problem: { slug }, nextAt: Date.now() + 30_000 });
      document.dispatchEvent(new Event("visibilitychange"));
      await vi.advanceTimersByTimeAsync(29_999);
      expect(FakeSource.all).toHaveLength(time);
      await vi.advanceTimersByTimeAsync(1);
      expect(FakeSource.all).toHaveLength(time + 1);
    }
    FakeSource.newest.say("progress", progress(1));
    expect(stream.connection.phase).toBe("live");
  });

  it("tries again where a plain request is answered", async () => {
    await refused(answer(200));
    expect(stream.connection).toMatchObject({ phase: "reconnecting", attempt: 1 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSource.all).toHaveLength(2);
  });

  it("tries again where a proxy answers with its own error, or nobody does", async () => {
    await refused(new Response("<html>Bad gateway</html>", { status: 502 }));
    expect(stream.connection).toMatchObject({ phase: "reconnecting", attempt: 1 });
    await vi.advanceTimersByTimeAsync(1000);
    fetched.mockRejectedValueOnce(new TypeError("network"));
    FakeSource.newest.refuse();
    await settle();
    expect(stream.connection).toMatchObject({ phase: "reconnecting", attempt: 2 });
  });

  it("forgets an id that the service cannot read", async () => {
    await live();
    fetched.mockResolvedValueOnce(answer(400, "invalid-event-id"));
    FakeSource.newest.refuse();
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSource.newest.query.get("after")).toBeNull();
  });

  it("is lost after five tries", async () => {
    fetched.mockResolvedValue(answer(500, "internal-error"));
    stream.follow([A]);
    await settle();
    for (const wait of [1000, 2000, 4000, 8000, 16_000]) {
      FakeSource.newest.refuse();
      await vi.advanceTimersByTimeAsync(wait);
    }
    expect(FakeSource.all).toHaveLength(6);
    FakeSource.newest.refuse();
    await settle();
    expect(stream.connection.phase).toBe("lost");
  });

  it("says so when no ticket can be had", async () => {
    make({ ticket: async () => Promise.reject(new Problem("session-ended", 401, "Signed out.")) });
    stream.follow([A]);
    await settle();
    expect(stream.connection).toMatchObject({ phase: "refused", problem: { slug: "session-ended" } });
  });
});

describe("phones", () => {
  const seen = () => document.dispatchEvent(new Event("visibilitychange"));

  it("opens anew when the page comes to the front after a silence", async () => {
    await live();
    vi.setSystemTime(Date.now() + 60_000); // asleep: no timer ran
    seen();
    await settle();
    expect(FakeSource.all).toHaveLength(2);
    expect(FakeSource.newest.query.get("after")).toBe(vectorOf(1));
    expect(stream.connection.phase).toBe("live");
  });

  it("leaves a line alone that has just spoken, or is just being opened", async () => {
    stream.follow([A]);
    await settle();
    seen();
    await settle();
    FakeSource.newest.say("progress", progress(1));
    seen();
    await settle();
    expect(FakeSource.all).toHaveLength(1);
  });

  it("opens anew from the back/forward cache, but not at the first load", async () => {
    await live();
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
    await settle();
    expect(FakeSource.all).toHaveLength(1);
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    await settle();
    expect(FakeSource.all).toHaveLength(2);
  });

  it("says that the browser is offline, and goes on as soon as the network is back", async () => {
    const source = await live();
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    source.cut();
    expect(stream.connection.phase).toBe("offline");
    await vi.advanceTimersByTimeAsync(120_000);
    expect(stream.connection.phase).toBe("offline");
    const tries = FakeSource.all.length;
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(true);
    window.dispatchEvent(new Event("online"));
    await settle();
    expect(FakeSource.all).toHaveLength(tries + 1);
    FakeSource.newest.say("ping", { timestamp: 0 });
    expect(stream.connection.phase).toBe("live");
  });

  it("comes back from lost when the page comes to the front", async () => {
    const source = await live();
    source.cut();
    for (let time = 0; time < 5; time += 1) {
      FakeSource.newest.cut();
      await vi.advanceTimersByTimeAsync(16_000);
    }
    expect(stream.connection.phase).toBe("lost");
    seen();
    await settle();
    FakeSource.newest.say("ping", { timestamp: 0 });
    expect(stream.connection.phase).toBe("live");
  });

  it("hears nothing any more once it is closed", async () => {
    const source = await live();
    stream.close();
    window.dispatchEvent(new Event("online"));
    seen();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(source.readyState).toBe(FakeSource.CLOSED);
    expect(FakeSource.all).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
