import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Snapshot } from "../../src/api/schema";
import { Announcer } from "../../src/components/progress/Announcer";
import { LanguageProvider } from "../../src/i18n";
import type { Connection } from "../../src/stream";
import { photo } from "../fakes/batch";
import { batchOf, DONE, FAILED, photos } from "./batch";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function Said(props: { progress: Snapshot | null; connection?: Connection }) {
  return (
    <LanguageProvider language="en">
      <Announcer {...props} />
    </LanguageProvider>
  );
}

const spoken = () => screen.getByRole("status").textContent;
const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const done = (count: number, of: number) =>
  batchOf(photos(of).map((each, place) => (place < count ? { ...each, ...DONE } : each)));

describe("the one live region", () => {
  it("speaks at the quarters, at most once in ten seconds, and of what waits only the newest", async () => {
    const { rerender } = render(<Said progress={done(0, 12)} />);
    await pass(0);
    expect(spoken()).toBe("Following live. 12 photos to process.");
    for (let count = 1; count <= 9; count++) {
      rerender(<Said progress={done(count, 12)} />);
      await pass(500);
    }
    expect(spoken()).toBe("Following live. 12 photos to process.");
    await pass(10_000);
    expect(spoken()).toBe("75%, 9 of 12 photos.");
  });

  it("names the first failure with its reason, the others by their number", async () => {
    const { rerender } = render(<Said progress={batchOf(photos(3))} />);
    await pass(10_000);
    rerender(<Said progress={batchOf([photo(1, FAILED), photo(2), photo(3)])} />);
    await pass(10_000);
    expect(spoken()).toBe("One photo failed: room 1.jpg, incomplete file.");
    rerender(<Said progress={batchOf([photo(1, FAILED), photo(2, FAILED), photo(3)])} />);
    await pass(10_000);
    expect(spoken()).toBe("2 photos failed.");
  });

  it("says the end with its sums", async () => {
    const { rerender } = render(<Said progress={done(1, 2)} />);
    await pass(10_000);
    const inventorySummary = { totalItems: 60, totalVolume: 23.73, byRoom: [], byItem: [] };
    rerender(<Said progress={{ ...done(2, 2), status: "COMPLETED", inventorySummary }} />);
    await pass(10_000);
    expect(spoken()).toBe("Batch finished: 2 photos done, 60 items, 23.7 cubic metres.");
  });

  it("is silent about a cut that heals within three seconds, and speaks once of one that lasts", async () => {
    const batch = done(1, 12);
    const live: Connection = { phase: "live", since: 0 };
    const cut: Connection = { phase: "reconnecting", attempt: 1, tries: 5, nextAt: null };
    const { rerender } = render(<Said progress={batch} connection={live} />);
    await pass(10_000);
    const before = spoken();
    rerender(<Said progress={batch} connection={cut} />);
    await pass(2000);
    rerender(<Said progress={batch} connection={live} />);
    await pass(20_000);
    expect(spoken()).toBe(before);
    rerender(<Said progress={batch} connection={cut} />);
    await pass(4000);
    expect(spoken()).toBe("Connection interrupted, trying again.");
    rerender(<Said progress={batch} connection={live} />);
    await pass(10_000);
    expect(spoken()).toBe("Following again.");
  });
});
