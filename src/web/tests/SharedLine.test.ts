import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Connection } from "../src/stream/connection";
import { Ledger } from "../src/stream/ledger";
import { SharedLine } from "../src/stream/SharedLine";
import { canShare } from "../src/stream/tabs";
import { A, B, change, complete, progress, snapshot, vectorOf } from "./fakes/batch";
import { FakeChannel, installBrowser } from "./fakes/browser";
import { FakeSource } from "./fakes/source";

/** A tab of one browser. */
class Tab {
  readonly ledger = new Ledger();
  readonly connections: Connection[] = [];
  changes = 0;
  readonly line: SharedLine;
  channel: FakeChannel | undefined;

  constructor() {
    this.line = new SharedLine(this.ledger, {
      onEvent: (_, changed) => {
        this.changes += changed.length;
      },
      onConnection: (connection) => this.connections.push(connection),
    });
    tabs.push(this);
  }

  async follow(...batches: string[]): Promise<this> {
    this.line.follow(batches);
    this.channel ??= FakeChannel.all.at(-1);
    await settle();
    return this;
  }

  get phase(): string | undefined {
    return this.line.connection.phase;
  }

  sleep(): void {
    if (this.channel) FakeChannel.asleep.add(this.channel);
  }
}

let tabs: Tab[] = [];
const settle = () => vi.advanceTimersByTimeAsync(60);

beforeEach(() => {
  vi.useFakeTimers();
  tabs = [];
  FakeSource.install();
  installBrowser();
});

afterEach(() => {
  for (const tab of tabs) tab.line.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("several tabs", () => {
  it("share one connection that follows what all of them want", async () => {
    expect(canShare()).toBe(true);
    const one = await new Tab().follow(A);
    const two = await new Tab().follow(B);
    const three = await new Tab().follow(A, B);
    expect(FakeSource.open).toHaveLength(1);
    expect(FakeSource.newest.query.getAll("batch")).toEqual([A, B]);
    expect([one, two, three].map((tab) => tab.line.leads)).toEqual([true, false, false]);
  });

  it("keep what they know while one that knows nothing of it takes the lead", async () => {
    const one = await new Tab().follow(A);
    const two = await new Tab().follow(B);
    const three = await new Tab().follow(A);
    FakeSource.newest.say("progress", progress(1));
    await settle();
    const seen: unknown[] = [];
    const take = three.ledger.put.bind(three.ledger);
    vi.spyOn(three.ledger, "put").mockImplementation((batchId, known) => {
      seen.push(known.snapshot);
      take(batchId, known);
    });
    one.line.close();
    await settle();
    expect(two.line.leads).toBe(true);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).not.toContain(null);
  });

  it("all see each change, and only of their batches", async () => {
    const one = await new Tab().follow(A);
    const two = await new Tab().follow(A, B);
    FakeSource.newest.say("progress", progress(1));
    FakeSource.newest.say("progress", progress(1, { batchId: B }));
    FakeSource.newest.say("change", change(2, { progress: 50 }));
    await settle();
    expect(one.ledger.of(A)).toEqual(two.ledger.of(A));
    expect(two.ledger.of(A).snapshot?.progress).toBe(50);
    expect(two.ledger.of(B).snapshot).toEqual(snapshot(1, { batchId: B }));
    expect([one.phase, two.phase]).toEqual(["live", "live"]);
  });

  it("a tab that comes later is told what is known, without a request", async () => {
    await new Tab().follow(A);
    FakeSource.newest.say("progress", progress(7));
    const opened = FakeSource.all.length;
    const two = await new Tab().follow(A);
    expect(two.ledger.of(A).snapshot).toEqual(snapshot(7));
    expect(two.phase).toBe("live");
    expect(FakeSource.all).toHaveLength(opened);
  });

  it.each([
    ["leads", 0],
    ["follows", 1],
  ])(
    "all hear of what the answer to a call said, in the tab that %s, and nothing is opened for it",
    async (_, which) => {
      const all = [await new Tab().follow(A), await new Tab().follow(A), await new Tab().follow(A)];
      FakeSource.newest.say("progress", progress(3, { status: "COMPLETED" }));
      FakeSource.newest.say("complete", complete(3));
      await settle();
      const [corrected, at, opened] = [snapshot(5, { status: "COMPLETED", run: 2 }), Date.now(), FakeSource.all.length];
      all[which]?.line.learn({ name: "progress", data: corrected, at });
      all[which]?.line.learn({ name: "complete", data: corrected, at });
      await settle();
      for (const tab of all) {
        expect(tab.ledger.of(A).snapshot).toEqual(corrected);
        expect(tab.ledger.isOver(A)).toBe(true);
      }
      expect(FakeSource.all).toHaveLength(opened);
    },
  );

  it("the next one goes on from where the leader closed", async () => {
    const one = await new Tab().follow(A);
    const two = await new Tab().follow(A);
    FakeSource.newest.say("progress", progress(3));
    await settle();
    one.line.close();
    await settle();
    expect(two.line.leads).toBe(true);
    expect(FakeSource.open).toHaveLength(1);
    expect(FakeSource.newest.query.get("after")).toBe(vectorOf(3));
    FakeSource.newest.say("change", change(4, { progress: 50 }));
    expect(two.ledger.of(A).snapshot?.progress).toBe(50);
  });

  it("the next leader asks all others what they want", async () => {
    const one = await new Tab().follow(A);
    const two = await new Tab().follow(A);
    const three = await new Tab().follow(B);
    one.line.close();
    await settle();
    expect(FakeSource.newest.query.getAll("batch")).toEqual([A, B]);
    FakeSource.newest.say("progress", progress(1, { batchId: B }));
    await settle();
    expect(two.line.leads).toBe(true);
    expect(three.ledger.of(B).snapshot).not.toBeNull();
  });

  it("a tab that is gone without a word is forgotten", async () => {
    await new Tab().follow(A);
    const two = await new Tab().follow(B);
    two.sleep(); // its `bye` is not heard; its lock is
    two.line.close();
    await settle();
    FakeSource.newest.say("progress", progress(1));
    FakeSource.newest.say("complete", complete(1));
    expect(FakeSource.open).toEqual([]); // nobody waits for B
  });

  it("a leader that sleeps loses the lead, and follows when it wakes", async () => {
    const one = await new Tab().follow(A);
    const two = await new Tab().follow(A);
    FakeSource.newest.say("progress", progress(3));
    await settle();
    one.sleep();
    await vi.advanceTimersByTimeAsync(18_000);
    expect(two.line.leads).toBe(false);
    await vi.advanceTimersByTimeAsync(3000);
    expect(two.line.leads).toBe(true);
    expect(one.line.leads).toBe(false);
    expect(FakeSource.open).toHaveLength(1);
    FakeChannel.asleep.clear();
    FakeSource.newest.say("change", change(4, { progress: 50 }));
    await settle();
    expect(one.ledger.of(A).snapshot?.progress).toBe(50);
  });

  it("leave a leader alone that speaks", async () => {
    const one = await new Tab().follow(A);
    await new Tab().follow(A);
    FakeSource.newest.say("progress", progress(1));
    for (let ping = 0; ping < 20; ping += 1) {
      await vi.advanceTimersByTimeAsync(15_000);
      FakeSource.newest.say("ping", { timestamp: 0 });
    }
    expect(one.line.leads).toBe(true);
    expect(FakeSource.all).toHaveLength(1);
  });

  it("are all told how the line is, and any of them may ask for another try", async () => {
    await new Tab().follow(A);
    const two = await new Tab().follow(A);
    FakeSource.newest.say("progress", progress(1));
    FakeSource.newest.cut();
    await settle();
    expect(two.line.connection).toMatchObject({ phase: "reconnecting", attempt: 1 });
    two.line.retry();
    await settle();
    expect(FakeSource.all).toHaveLength(2);
    FakeSource.newest.say("ping", { timestamp: 0 });
    await settle();
    expect(two.phase).toBe("live");
  });

  it("are all signed out together, and go on together when one signs in", async () => {
    const one = await new Tab().follow(A);
    const two = await new Tab().follow(A, B);
    FakeSource.newest.say("progress", progress(1));
    FakeSource.newest.say("progress", progress(1, { batchId: B }));
    FakeSource.newest.say("error", { code: "session-ended", message: "Signed out.", retryable: false });
    await settle();
    expect(two.ledger.of(B).refusal?.slug).toBe("session-ended");
    expect(two.line.connection).toMatchObject({ phase: "refused", problem: { slug: "session-ended", status: 401 } });
    two.line.retry();
    await settle();
    FakeSource.newest.say("ping", { timestamp: 0 });
    await settle();
    expect([one.ledger.of(A).refusal, two.ledger.of(A).refusal, two.ledger.of(B).refusal]).toEqual([null, null, null]);
    expect(one.phase).toBe("live");
  });

  it("any of them may open a finished batch again", async () => {
    await new Tab().follow(A);
    const two = await new Tab().follow(A);
    FakeSource.newest.say("progress", progress(1, { status: "FAILED" }));
    FakeSource.newest.say("complete", complete(1, { status: "FAILED" }));
    await settle();
    expect(two.ledger.isOver(A)).toBe(true);
    expect(FakeSource.open).toEqual([]);
    two.line.reopen(A);
    await settle();
    FakeSource.newest.say("progress", progress(2, { run: 2 }));
    await settle();
    expect(two.ledger.of(A).snapshot?.run).toBe(2);
  });

  it("stop asking once their batches are over", async () => {
    await new Tab().follow(A);
    await new Tab().follow(A);
    FakeSource.newest.say("progress", progress(1, { status: "FAILED" }));
    FakeSource.newest.say("complete", complete(1, { status: "FAILED" }));
    await settle();
    const said = FakeChannel.said.length;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(FakeChannel.said).toHaveLength(said);
  });

  it("a page that is kept for the way back gives the lead away, and comes back", async () => {
    const one = await new Tab().follow(A);
    FakeSource.newest.say("progress", progress(2));
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: true }));
    await settle();
    expect(FakeSource.open).toEqual([]);
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    await settle();
    expect(one.line.leads).toBe(true);
    expect(FakeSource.newest.query.get("after")).toBe(vectorOf(2));
  });
});
