import { describe, expect, it } from "vitest";
import type { StreamEvent } from "../src/stream/events";
import { foldChange, foldProgress } from "../src/stream/fold";
import { Ledger } from "../src/stream/ledger";
import { A, B, change, complete, photo, progress, snapshot, vectorOf } from "./fakes/batch";

const event = (name: string, data: object): StreamEvent => ({ name, data, at: 5 }) as StreamEvent;

describe("folding", () => {
  it("replaces the photo that changed and leaves the others the same objects", () => {
    const before = snapshot(1);
    const done = photo(2, { status: "DONE", itemCount: 3, volume: 1.2 });
    const state = foldChange(before, change(2, { photos: [done] }));
    expect(state.photos[0]).toBe(before.photos[0]);
    expect(state.photos[1]).toEqual(done);
    expect(state.eventId).toBe(change(2).eventId);
  });

  it("keeps unchanged photos of a whole state the same objects, and drops the time of commit", () => {
    const before = snapshot(1);
    const state = foldProgress(
      before,
      progress(3, { photos: [photo(1), photo(2, { status: "DONE" })], committedAt: 12 }),
    );
    expect(state.photos[0]).toBe(before.photos[0]);
    expect(state.photos[1]).not.toBe(before.photos[1]);
    expect(state).not.toHaveProperty("committedAt");
  });

  it("adds what was counted to rooms and items in whole litres, and drops what comes to nothing", () => {
    const counted = { completed: 1, queued: 0, processing: 0, failed: 0, total: 2 };
    const first = foldChange(
      snapshot(1),
      change(2, {
        counts: counted,
        totalItems: 3,
        totalVolume: 0.3,
        changes: [
          { room: "kitchen", label: "chair", count: 1, volume: 0.1 },
          { room: "bedroom", label: "chair", count: 2, volume: 0.2 },
        ],
      }),
    );
    expect(first.inventorySummary).toEqual({
      totalItems: 3,
      totalVolume: 0.3,
      byRoom: [
        { roomType: "bedroom", items: 2, volume: 0.2 },
        { roomType: "kitchen", items: 1, volume: 0.1 },
      ],
      byItem: [{ label: "chair", count: 3, volume: 0.3 }],
    });
    const second = foldChange(
      first,
      change(3, {
        counts: counted,
        totalItems: 2,
        totalVolume: 0.2,
        changes: [{ room: "kitchen", label: "chair", count: -1, volume: -0.1 }],
      }),
    );
    expect(second.inventorySummary?.byRoom).toEqual([{ roomType: "bedroom", items: 2, volume: 0.2 }]);
    expect(second.inventorySummary?.byItem).toEqual([{ label: "chair", count: 2, volume: 0.2 }]);
  });

  it("takes no field that it does not know from a change", () => {
    const state = foldChange(snapshot(1), { ...change(2), surprise: 1 } as ReturnType<typeof change>);
    expect(state).not.toHaveProperty("surprise");
  });
});

describe("the ledger", () => {
  it("never goes back", () => {
    const ledger = new Ledger();
    expect(ledger.take(event("progress", progress(5)), [A])).toEqual([A]);
    expect(ledger.take(event("progress", progress(4)), [A])).toEqual([]);
    expect(ledger.take(event("change", change(5)), [A])).toEqual([]);
    expect(ledger.of(A).snapshot?.eventId).toBe(progress(5).eventId);
  });

  it("goes back after a reset, once", () => {
    const ledger = new Ledger();
    ledger.take(event("progress", progress(5)), [A]);
    ledger.take(event("reset", { reason: "ahead", batchId: A }), [A]);
    expect(ledger.of(A).snapshot).not.toBeNull(); // the page shows what it had until the new state comes
    expect(ledger.vector([A])).toBeNull();
    expect(ledger.take(event("progress", progress(2)), [A])).toEqual([A]);
    expect(ledger.take(event("progress", progress(1)), [A])).toEqual([]);
    expect(ledger.vector([A])).toBe(vectorOf(2));
  });

  it("asks for the whole state where an event in between is missing", () => {
    const ledger = new Ledger();
    ledger.take(event("progress", progress(5)), [A]);
    ledger.take(event("progress", progress(9, { batchId: B })), [A, B]);
    expect(ledger.take(event("change", change(7)), [A])).toBe("gap");
    expect(ledger.vector([A, B])).toBe(vectorOf(0, 9));
    expect(ledger.take(event("change", change(6)), [A])).toBe("gap"); // until the whole state has come
  });

  it("asks again for the end of a run that it has not heard", () => {
    const ledger = new Ledger();
    ledger.take(event("progress", progress(5)), [A]);
    ledger.take(event("change", change(6, { status: "COMPLETED" })), [A]);
    expect(ledger.isOver(A)).toBe(false);
    expect(ledger.vector([A])).toBe(vectorOf(5));
    ledger.take(event("complete", complete(6)), [A]);
    expect(ledger.isOver(A)).toBe(true);
    expect(ledger.vector([A])).toBe(vectorOf(6));
  });

  it("follows the next run of a finished batch", () => {
    const ledger = new Ledger();
    ledger.take(event("progress", progress(6, { status: "PARTIAL" })), [A]);
    ledger.take(event("complete", complete(6, { status: "PARTIAL" })), [A]);
    expect(ledger.isOver(A)).toBe(true);
    ledger.take(event("progress", progress(7, { run: 2 })), [A]);
    expect(ledger.isOver(A)).toBe(false);
  });

  it("tells why a batch is refused, and of the others nothing", () => {
    const ledger = new Ledger();
    ledger.take(event("progress", progress(1)), [A, B]);
    ledger.take(event("error", { code: "batch-deleted", message: "Gone.", retryable: false, batchId: B }), [A, B]);
    expect(ledger.of(A).refusal).toBeNull();
    expect(ledger.of(B).refusal).toEqual({ slug: "batch-deleted", status: 404, detail: "Gone." });
  });

  it("learns from another tab what is newer, and nothing that is older", () => {
    const ledger = new Ledger();
    ledger.take(event("progress", progress(5)), [A]);
    const known = { ...ledger.of(A), snapshot: snapshot(3) };
    ledger.learn(A, known);
    expect(ledger.of(A).snapshot?.eventId).toBe(snapshot(5).eventId);
    ledger.learn(A, { ...known, snapshot: snapshot(8) });
    expect(ledger.of(A).snapshot?.eventId).toBe(snapshot(8).eventId);
  });

  it("knows no vector where two lives of the database are mixed", () => {
    const ledger = new Ledger();
    ledger.take(event("progress", progress(5)), [A]);
    ledger.take(event("progress", progress(1, { batchId: B, eventId: "000000000000-1" })), [B]);
    expect(ledger.vector([A, B])).toBeNull();
  });
});
