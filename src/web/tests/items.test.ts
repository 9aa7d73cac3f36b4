import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FoundItem, Snapshot } from "../src/api/schema";
import { keyOf, PhotoItems } from "../src/components/photos/PhotoItems";
import { readNumber } from "../src/i18n/number";
import { photo, snapshot } from "./fakes/batch";

const PHOTO = "photo-1";

function item(change: Partial<FoundItem> = {}): FoundItem {
  return {
    ...{ id: "chair", version: 1, label: "chair", labelFr: "chaise", labelEn: "chair", count: 2 },
    ...{ volume: 0.4, volumeEach: 0.2, confidence: 0.9, boxes: [], proposed: false, byPerson: false },
    ...change,
  };
}

function batch(items: readonly FoundItem[]): Snapshot {
  const [itemCount, volume] = [sum(items, "count"), sum(items, "volume")];
  const inventorySummary = { totalItems: itemCount, totalVolume: volume, byRoom: [], byItem: [] };
  return snapshot(2, { photos: [photo(1, { status: "DONE", itemCount, volume })], inventorySummary });
}

const sum = (items: readonly FoundItem[], what: "count" | "volume") =>
  items.reduce((total, each) => total + each[what], 0);

interface Asked {
  method: string;
  path: string;
  body: unknown;
  version: string | null;
  answer: (status: number, body: unknown) => void;
}

/** Requests wait here until the test answers them. */
let asked: Asked[] = [];
const corrector = { onBatch: vi.fn(), onStale: vi.fn(), onSignedOut: vi.fn() };

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", (path: string, { method, body, headers, signal }: RequestInit) => {
    return new Promise<Response>((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
      asked.push({
        method: method ?? "GET",
        path,
        body: body ? JSON.parse(String(body)) : null,
        version: new Headers(headers).get("If-Match"),
        answer: (status, answer) => resolve(new Response(JSON.stringify(answer), { status })),
      });
    });
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.clearAllMocks();
});

/** Reading an answer takes some turns of the loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve));
}

async function answer(status: number, body: unknown): Promise<void> {
  const next = asked.shift();
  if (!next) return expect.fail("nothing was asked");
  next.answer(status, body);
  await settle();
}

const problem = (slug: string) => ({ type: `https://roomtally.dev/problems/${slug}`, detail: "No." });

/** A photo whose items have been read. */
async function known(...items: FoundItem[]): Promise<PhotoItems> {
  const book = new PhotoItems(PHOTO, corrector);
  book.follow(`${sum(items, "count")} ${sum(items, "volume")}`, false);
  await answer(200, { confirmed: false, items });
  expect(book.view.state).toBe("known");
  return book;
}

const counts = (book: PhotoItems) => book.view.items.map((each) => [each.label, each.count]);

describe("a correction", () => {
  it("is shown at once, sent with the version that was seen, and stays", async () => {
    const book = await known(item());
    void book.correct("chair", { count: 3 });
    expect(book.view.items[0]).toMatchObject({ count: 3, volume: 0.6, byPerson: true });
    expect(asked[0]).toMatchObject({ method: "PATCH", path: "/api/items/chair", body: { count: 3 }, version: '"1"' });
    const now = item({ version: 2, count: 3, volume: 0.6, byPerson: true });
    await answer(200, { item: now, batch: batch([now]) });
    expect(counts(book)).toEqual([["chair", 3]]);
    expect(book.view.outcome).toMatchObject({ kind: "saved", total: 0.6 });
    expect(corrector.onBatch).toHaveBeenCalledOnce();
    expect(asked).toEqual([]);
  });

  it("that is refused is undone, and why is told", async () => {
    const book = await known(item());
    void book.correct("chair", { label: "table" });
    await answer(409, problem("label-exists"));
    expect(counts(book)).toEqual([["chair", 2]]);
    expect(book.view.outcome).toEqual({ kind: "refused", slug: "label-exists" });
    expect(asked).toEqual([]);
  });

  it("that came too late is undone and the list read again, rows in their places", async () => {
    const book = await known(item({ id: "bed", label: "bed" }), item());
    void book.correct("chair", { count: 3 });
    await answer(412, problem("item-changed"));
    expect(corrector.onStale).toHaveBeenCalledOnce();
    expect(asked[0]).toMatchObject({ method: "GET", path: `/api/photos/${PHOTO}/items` });
    await answer(200, { items: [item({ version: 2, count: 5 }), item({ id: "bed", label: "bed" })] });
    expect(counts(book)).toEqual([
      ["bed", 2],
      ["chair", 5],
    ]);
    expect(book.view.outcome).toEqual({ kind: "refused", slug: "item-changed" });
  });

  it("waits for the one before it, and takes all that was wished meanwhile along", async () => {
    const book = await known(item());
    for (const count of [3, 4, 5]) void book.correct("chair", { count });
    expect(asked).toHaveLength(1);
    const now = item({ version: 2, count: 3, volume: 0.6 });
    await answer(200, { item: now, batch: batch([now]) });
    expect(counts(book)).toEqual([["chair", 5]]);
    expect(asked).toMatchObject([{ body: { count: 5 }, version: '"2"' }]);
  });

  it("of one's own is not read again when the stream tells of it, before the answer or after", async () => {
    const book = await known(item());
    void book.correct("chair", { count: 3 });
    const now = item({ version: 2, count: 3, volume: 0.6 });
    const [changed] = batch([now]).photos;
    book.follow(changed ? keyOf(changed) : "", false);
    await answer(200, { item: now, batch: batch([now]) });
    book.follow(changed ? keyOf(changed) : "", false);
    expect(asked).toEqual([]);
    void book.correct("chair", { count: 4 });
    book.follow("9 9", false); // somebody else's, and later
    const later = item({ version: 3, count: 4, volume: 0.8 });
    await answer(200, { item: later, batch: batch([later]) });
    expect(asked).toMatchObject([{ method: "GET" }]);
  });

  it("that removes can be taken back with the version that it made", async () => {
    const book = await known(item());
    void book.correct("chair", { count: 0 });
    expect(book.view).toMatchObject({ items: [], outcome: { kind: "removed", item: { count: 2 } } });
    expect(asked[0]).toMatchObject({ method: "DELETE", version: '"1"' });
    const gone = item({ version: 2, count: 0, volume: 0 });
    await answer(200, { item: gone, batch: batch([]) });
    void book.correct("chair", { count: 2 });
    expect(counts(book)).toEqual([["chair", 2]]);
    expect(asked[0]).toMatchObject({ method: "PATCH", body: { count: 2 }, version: '"2"' });
  });

  it("says that a person has looked: nothing else is proposed any more", async () => {
    const book = await known(item({ proposed: true }), item({ id: "lamp", label: "lamp", proposed: true }));
    void book.correct("chair", { proposed: false });
    expect(asked[0]).toMatchObject({ body: { proposed: false } });
    const now = item({ version: 2, byPerson: true });
    await answer(200, { item: now, batch: batch([now]) });
    expect(book.view.items.map((each) => each.proposed)).toEqual([false, false]);
  });

  it("without a session asks to sign in", async () => {
    const book = await known(item());
    void book.correct("chair", { count: 3 });
    await answer(401, problem("not-signed-in"));
    expect(corrector.onSignedOut).toHaveBeenCalledOnce();
  });
});

describe("an addition", () => {
  it("stands at the end at once, and gets its volume with the answer", async () => {
    const book = await known(item());
    const added = book.add({ label: "Bureau", count: 1 });
    expect(book.view.items[1]).toMatchObject({ labelFr: "Bureau", version: 0, volume: 0 });
    const desk = item({ id: "desk", label: "desk", count: 1, volume: 0.75 });
    await answer(201, { item: desk, batch: batch([item(), desk]) });
    expect(await added).toBe(true);
    expect(book.view.items[1]).toEqual(desk);
  });

  it("that is refused is gone again", async () => {
    const book = await known(item());
    const added = book.add({ label: "chair", count: 1 });
    await answer(409, problem("label-exists"));
    expect(await added).toBe(false);
    expect(counts(book)).toEqual([["chair", 2]]);
  });

  it("waits for the list, which is said to be on its way at once", () => {
    const book = new PhotoItems(PHOTO, corrector);
    expect(book.view.state).toBe("none");
    book.follow("2 0.4", false);
    expect(book.view.state).toBe("loading");
  });

  it("to a photo with nothing on it needs no list", async () => {
    const book = new PhotoItems(PHOTO, corrector);
    book.follow("0 0", true);
    expect(book.view).toMatchObject({ state: "known", items: [] });
    expect(asked).toEqual([]);
  });
});

describe("a typed number", () => {
  it.each([
    ["1,50", 1.5],
    [" 0.002 ", 0.002],
    ["100", 100],
    ["100.1", null],
    ["-1", null],
    ["", null],
    ["1,5,0", null],
    ["two", null],
  ])("%j is %j", (text, value) => expect(readNumber(text, 100)).toBe(value));
});
