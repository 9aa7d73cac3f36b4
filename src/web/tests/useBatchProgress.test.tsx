import { act, cleanup, render, renderHook, screen } from "@testing-library/react";
import { memo, StrictMode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Photo } from "../src/api/schema";
import { Feed } from "../src/stream/feed";
import { ownLine } from "../src/stream/line";
import { useBatchProgress, useStreamEvents } from "../src/stream/useBatchProgress";
import { A, B, change, complete, photo, progress, snapshot } from "./fakes/batch";
import { FakeSource } from "./fakes/source";

let feed: Feed;
const drawn: string[] = [];

const Row = memo(({ photo: { id, status } }: { photo: Photo }) => {
  drawn.push(id);
  return <li>{status}</li>;
});

function List({ of }: { of: Feed }) {
  return useBatchProgress(A, of).data?.photos.map((each) => <Row key={each.id} photo={each} />);
}

const settle = () => act(() => vi.advanceTimersByTimeAsync(20));

async function say(...events: Parameters<FakeSource["say"]>[]): Promise<void> {
  act(() => {
    for (const [name, data] of events) FakeSource.newest.say(name, data);
  });
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.install();
  feed = new Feed(ownLine);
});

afterEach(() => {
  cleanup();
  feed.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("useBatchProgress", () => {
  it("tells from loading to the end what the page must know", async () => {
    const { result } = renderHook(() => useBatchProgress(A, feed));
    expect(result.current).toMatchObject({
      data: null,
      isLoading: true,
      error: null,
      isConnected: false,
      lastUpdate: null,
    });
    await settle();
    await say(["progress", progress(1)]);
    expect(result.current).toMatchObject({ data: snapshot(1), isLoading: false, isConnected: true });
    expect(result.current.lastUpdate).toBeGreaterThan(0);
    await say(["change", change(2, { status: "FAILED" })], ["complete", complete(2, { status: "FAILED" })]);
    expect(result.current).toMatchObject({ isConnected: false, error: null, connection: { phase: "ended" } });
  });

  it("says why nothing comes", async () => {
    const { result } = renderHook(() => useBatchProgress(A, feed));
    await settle();
    await say(["error", { code: "batch-not-found", message: "There is no such batch.", retryable: false, batchId: A }]);
    expect(result.current).toMatchObject({
      data: null,
      isLoading: false,
      error: { slug: "batch-not-found", status: 404 },
      connection: { phase: "refused" },
    });
  });

  it("has one line for all components, and none when the last is gone for five seconds", async () => {
    const one = renderHook(() => useBatchProgress(A, feed), { wrapper: StrictMode });
    const two = renderHook(() => useBatchProgress(A, feed));
    await settle();
    await say(["progress", progress(1)]);
    expect(FakeSource.all).toHaveLength(1);
    one.unmount();
    await act(() => vi.advanceTimersByTimeAsync(10_000));
    expect(FakeSource.open).toHaveLength(1);
    two.unmount();
    await act(() => vi.advanceTimersByTimeAsync(4999));
    expect(FakeSource.open).toHaveLength(1);
    await act(() => vi.advanceTimersByTimeAsync(1));
    expect(FakeSource.open).toEqual([]);
  });

  it("keeps its line over a change of pages", async () => {
    const one = renderHook(() => useBatchProgress(A, feed));
    await settle();
    await say(["progress", progress(1)]);
    one.unmount();
    await act(() => vi.advanceTimersByTimeAsync(1000));
    const { result } = renderHook(() => useBatchProgress(A, feed));
    expect(result.current).toMatchObject({ data: snapshot(1), isLoading: false, isConnected: true });
    await act(() => vi.advanceTimersByTimeAsync(10_000));
    expect(FakeSource.all).toHaveLength(1);
    expect(FakeSource.open).toHaveLength(1);
  });

  it("follows another batch when it is asked to", async () => {
    const { result, rerender } = renderHook(({ id }) => useBatchProgress(id, feed), { initialProps: { id: A } });
    await settle();
    await say(["progress", progress(1)]);
    rerender({ id: B });
    expect(result.current.data).toBeNull();
    await act(() => vi.advanceTimersByTimeAsync(60));
    await say(["progress", progress(1, { batchId: B })]);
    expect(result.current.data?.batchId).toBe(B);
  });

  it("draws only the photo that changed", async () => {
    drawn.length = 0;
    render(<List of={feed} />);
    await settle();
    await say(["progress", progress(1, { photos: Array.from({ length: 200 }, (_, place) => photo(place)) })]);
    expect(drawn).toHaveLength(200);
    drawn.length = 0;
    await say(["change", change(2, { photos: [photo(7, { status: "PROCESSING" })] })]);
    expect(drawn).toEqual(["photo-7"]);
    expect(screen.getByText("PROCESSING")).toBeDefined();
  });

  it("draws once for all that comes within one picture of the screen", async () => {
    let times = 0;
    const { result } = renderHook(() => {
      times += 1;
      return useBatchProgress(A, feed);
    });
    await settle();
    await say(["progress", progress(1)]);
    times = 0;
    await say(
      ...Array.from(
        { length: 100 },
        (_, place) => ["change", change(place + 2, { progress: place })] as ["change", ReturnType<typeof change>],
      ),
    );
    expect(times).toBeLessThanOrEqual(2);
    expect(result.current.data?.progress).toBe(99);
  });

  it("keeps nothing of 10,000 events", async () => {
    renderHook(() => useBatchProgress(A, feed));
    await settle();
    await say(["progress", progress(1)]);
    const size = () => JSON.stringify(feed.view(A)).length;
    await say(["change", change(2, { photos: [photo(1, { status: "PROCESSING" })] })]);
    const before = size();
    act(() => {
      for (let n = 3; n < 10_003; n += 1) {
        FakeSource.newest.say(
          "change",
          change(n, { photos: [photo(n % 2, { status: n % 3 ? "PROCESSING" : "PENDING" })] }),
        );
      }
    });
    await settle();
    expect(size()).toBeLessThan(before + 20);
  });
});

describe("useStreamEvents", () => {
  it("tells each event as it came, and how old it was", async () => {
    const seen: [string, number | null][] = [];
    renderHook(() => useBatchProgress(A, feed));
    renderHook(() => useStreamEvents((event, latency) => seen.push([event.name, latency]), feed));
    await settle();
    await say(["progress", progress(1)], ["change", change(2, { committedAt: Date.now() - 7 })]);
    expect(seen).toEqual([
      ["progress", null],
      ["change", 7],
    ]);
  });
});
