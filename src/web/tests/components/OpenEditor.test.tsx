import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FoundItem, Inventory, Photo, Snapshot } from "../../src/api/schema";
import { LanguageProvider } from "../../src/i18n";
import { BatchPage } from "../../src/pages/BatchPage";
import { photo, snapshot } from "../fakes/batch";
import { FakeSource } from "../fakes/source";
import { FakeWindow } from "../fakes/window";
import { batchOf, DONE } from "./batch";

const COUCH: FoundItem = {
  ...{ id: "couch", version: 1, label: "couch", labelFr: "canapé", labelEn: "couch", count: 1 },
  ...{ volume: 1.5, volumeEach: 1.5, confidence: 0.9, boxes: [], proposed: false, byPerson: false },
};
const LAMP: FoundItem = { ...COUCH, id: "lamp", label: "lamp", labelFr: "lampe", labelEn: "lamp" };
const INVENTORY: Inventory = {
  ...{ byItem: [], byRoom: [], totalItems: 2, totalVolume: 3, usuallyAlso: 0 },
  volumeRange: { low: 2, typical: 3, high: 4 },
};
const SUMMARY = { totalItems: 2, totalVolume: 3, byRoom: [], byItem: [] };
const COUNTED: Photo = photo(1, { ...DONE, itemCount: 2, volume: 3 });

let batchId = "";
let batches = 0;
let items: readonly FoundItem[] = [];
let answers: Record<string, () => Response> = {};
let asked: string[] = [];
let view: FakeWindow;

beforeEach(() => {
  batchId = `aaaaaaaa-0000-4000-8000-00000000000${++batches}`; // the line of the tab outlives a test
  [items, asked] = [[COUCH, LAMP], []];
  answers = {
    "/api/sessions/current": () => Response.json({ id: "me", email: "me@example.org", role: "user" }),
    "/inventory": () => Response.json(INVENTORY),
    "/items": () => Response.json({ confirmed: false, items }),
    "/api/projects/": () => Response.json({ id: "project", name: "Move" }),
  };
  vi.stubGlobal("fetch", async (path: string, { method = "GET" }: RequestInit = {}) => {
    asked.push(`${method} ${path}`);
    const key = Object.keys(answers).find((part) => `${method} ${path}`.includes(part));
    return key ? answers[key]?.() : Response.error();
  });
  FakeSource.install();
  view = FakeWindow.install();
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function batch(n: number, photos: Photo[], change: Partial<Snapshot> = {}): Snapshot {
  return { ...batchOf(photos), ...snapshot(n), ...batchOf(photos, { batchId, inventorySummary: SUMMARY, ...change }) };
}

const numbered = (n: number, state: Snapshot): Snapshot => ({ ...state, eventId: snapshot(n).eventId });
const ended = (n: number, run = 1) => numbered(n, batch(n, [COUNTED], { status: "COMPLETED", run }));
const running = (n: number) => numbered(n, batch(n, [COUNTED, photo(2, { status: "PROCESSING" })]));

/** The stream says it, and the page has drawn it. */
async function say(state: Snapshot): Promise<void> {
  await waitFor(() => expect(FakeSource.newest.query.getAll("batch")).toContain(batchId));
  await act(async () => {
    FakeSource.newest.say("progress", state);
    const { projectId, status, run, progress, counts, inventorySummary, eventId, updatedAt } = state;
    const end = { batchId, projectId, status, run, progress, counts, inventorySummary, eventId, updatedAt };
    if (status === "COMPLETED") FakeSource.newest.say("complete", end);
    await new Promise((resolve) => setTimeout(resolve, 40)); // two pictures of the screen
  });
}

/** The page of a batch in this state, with words typed into the editor of the couch. */
async function typing(state: Snapshot) {
  const user = userEvent.setup();
  render(
    <LanguageProvider language="en">
      <BatchPage batchId={batchId} />
    </LanguageProvider>,
  );
  await say(state);
  if (state.status !== "COMPLETED") await user.click(screen.getByRole("button", { name: "Open room 1.jpg" }));
  await user.click(await screen.findByRole("button", { name: "Change: Couch" }));
  const name = field();
  await user.clear(name);
  await user.type(name, "Harmonium");
  return { user, name };
}

const field = () => screen.getByRole<HTMLInputElement>("textbox", { name: "Name" });

/** The very same field, with the words and the focus in it. */
function expectKept(name: HTMLInputElement): void {
  expect(field()).toBe(name);
  expect(name.isConnected).toBe(true);
  expect(name.value).toBe("Harmonium");
  expect(document.activeElement).toBe(name);
}

describe("an open editor", () => {
  it.each([
    ["after the end", ended(5)],
    ["while the batch runs", running(5)],
  ])("stays where it is when the window becomes narrow and wide again %s", async (_, state) => {
    const { name } = await typing({ ...state, batchId });
    act(() => view.resize(1));
    expectKept(name);
    expect(name.closest("dialog")?.open).toBe(true);
    act(() => view.resize(1440));
    await act(() => new Promise((resolve) => setTimeout(resolve, 20))); // the closed sheet tells of it a little later
    expectKept(name);
    expect(name.closest("dialog")).toBeNull();
  });

  it("stays when the run ends, and when it begins anew", async () => {
    const { name } = await typing(running(5));
    await say(ended(6));
    await screen.findByRole("heading", { name: "By room" });
    expectKept(name);
    await act(() => window.dispatchEvent(new Event("online")));
    await say(numbered(7, batch(7, [COUNTED, photo(2)], { run: 2 })));
    expectKept(name);
  });

  it("stays when the list and the inventory are read anew", async () => {
    const { name } = await typing(running(5));
    items = [{ ...LAMP, version: 2, count: 3 }, COUCH];
    await say(numbered(6, { ...running(6), photos: [{ ...COUNTED, itemCount: 4, volume: 6 }, photo(2)] }));
    await waitFor(() => expect(screen.getByRole("textbox", { name: "Count: Lamp" })).toHaveProperty("value", "3"));
    expectKept(name);
  });

  it("stays when the photo is looked at again", async () => {
    const { name } = await typing(running(5));
    await say(numbered(6, { ...running(6), photos: [photo(1, { status: "PROCESSING" }), photo(2)] }));
    expectKept(name);
  });

  it("stays when the item is removed elsewhere, and adds it again", async () => {
    const { user, name } = await typing(running(5));
    items = [LAMP];
    await say(numbered(6, { ...running(6), photos: [{ ...COUNTED, itemCount: 1, volume: 1.5 }, photo(2)] }));
    expect(await screen.findByText("Removed meanwhile. Saving adds it again.")).toBeDefined();
    expectKept(name);
    await user.keyboard("{Enter}");
    expect(asked.at(-1)).toBe("POST /api/photos/photo-1/items");
    expectKept(name); // it was refused: nothing answers here
  });

  it("stays when the page was hidden, the network was away, the line began anew", async () => {
    const { name } = await typing(running(5));
    act(() => {
      for (const each of ["blur", "offline", "online", "focus"]) window.dispatchEvent(new Event(each));
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await waitFor(() => expect(FakeSource.all.length).toBeGreaterThan(1));
    await act(async () => FakeSource.newest.say("reset", { batchId, reason: "ahead" }));
    await say(running(2));
    expectKept(name);
  });

  it("opens again with the words that were refused", async () => {
    const { user } = await typing(ended(5));
    await user.keyboard("{Enter}");
    expect(asked).toContain("PATCH /api/items/couch");
    await waitFor(() => expect(field().value).toBe("Harmonium"));
    expect(document.activeElement).toBe(field());
  });
});

describe("an open addition", () => {
  it("stays when the window becomes narrow, the photo is looked at again, the run ends", async () => {
    const { user } = await typing(running(5));
    await user.keyboard("{Escape}");
    await user.click(screen.getByRole("button", { name: "Add an item" }));
    const name = field();
    await user.type(name, "Harmonium");
    act(() => view.resize(320));
    act(() => view.resize(1440));
    await say(numbered(6, { ...running(6), photos: [photo(1, { status: "PENDING" }), photo(2)] }));
    await say(ended(7));
    expectKept(name);
  });
});
