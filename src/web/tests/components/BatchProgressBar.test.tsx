import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Photo } from "../../src/api/schema";
import { PhotoBoard } from "../../src/components/photos/board";
import { BatchProgressBar, BatchProgressModal } from "../../src/components/progress/BatchProgressBar";
import { photo } from "../fakes/batch";
import { batchOf, DONE, FAILED, photos, withPhoto } from "./batch";

beforeEach(() => {
  const still = { matches: true, addEventListener: () => {}, removeEventListener: () => {} };
  vi.stubGlobal("matchMedia", () => still); // happy-dom has no animations of its own
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** A row reads the name of its photo whenever it renders. */
function counted(count: number): { list: Photo[]; renders: Map<string, number> } {
  const renders = new Map<string, number>();
  const list = photos(count).map(({ filename, ...rest }) => ({
    ...rest,
    get filename() {
      renders.set(rest.id, (renders.get(rest.id) ?? 0) + 1);
      return filename;
    },
  }));
  return { list, renders };
}

describe("rendering", () => {
  it.each([
    [40, "list"],
    [200, "contact sheet"],
  ])("renders the row of the photo that changed and none of the others: %i photos, %s", (count) => {
    const { list, renders } = counted(count);
    const before = batchOf(list);
    const { container, rerender } = render(<BatchProgressBar progress={before} showPhotos language="en" />);
    renders.clear();
    const changed = { ...photo(7), ...DONE, id: "photo-7" };
    rerender(
      <BatchProgressBar
        progress={batchOf(list.map((each) => (each.id === changed.id ? changed : each)))}
        showPhotos
        language="en"
      />,
    );
    expect([...renders.keys()]).toEqual([]);
    expect(container.querySelectorAll("img")).toHaveLength(1);
  });

  it("wakes no row whose photo is another object that says the same, as from another tab", () => {
    const board = new PhotoBoard();
    board.update(photos(20));
    const woken = vi.fn();
    for (const id of board.ids) board.subscribe(id, woken);
    board.subscribeToOrder(woken);
    board.update(structuredClone(photos(20)));
    expect(woken).not.toHaveBeenCalled();
    board.update(photos(20).map((each) => (each.id === "photo-3" ? { ...each, ...DONE } : each)));
    expect(woken).toHaveBeenCalledOnce();
  });
});

describe("what it says", () => {
  it("is a progress bar with a value in words", () => {
    const batch = batchOf([photo(1, DONE), photo(2, FAILED), photo(3)]);
    render(<BatchProgressBar progress={batch} language="fr" />);
    const bar = screen.getByRole("progressbar");
    expect(bar.getAttribute("aria-valuenow")).toBe("66");
    expect(bar.getAttribute("aria-valuetext")).toBe("66\u202f%, 2 photos sur 3");
  });

  it("tells each photo's state, room and reason in the person's language", () => {
    const batch = batchOf([photo(1, DONE), photo(2, FAILED), photo(3, { status: "PROCESSING" }), photo(4)]);
    const { rerender } = render(<BatchProgressBar progress={batch} showPhotos language="fr" />);
    for (const words of ["Cuisine", "Fichier incomplet", "Analyse en cours"])
      expect(screen.getByText(words)).toBeTruthy();
    expect(screen.getAllByRole("img").map((icon) => icon.getAttribute("aria-label"))).toEqual([
      "Analysée",
      "Échec",
      "Analyse en cours",
      "En attente",
    ]);
    rerender(<BatchProgressBar progress={batch} showPhotos language="en" />);
    for (const words of ["Kitchen", "Incomplete file", "Being analysed"]) expect(screen.getByText(words)).toBeTruthy();
  });

  it("shows a name with markup as text, whole in its title", () => {
    const name = `${'<img src=x onerror="alert(1)">'.repeat(10)}.jpg`.padStart(300, "a");
    const { container } = render(
      <BatchProgressBar progress={batchOf([photo(1, { filename: name })])} showPhotos language="en" />,
    );
    expect(container.querySelector("img")).toBeNull();
    const cut = screen.getByTitle(name);
    expect(cut.textContent).toBe(name);
    expect(cut.lastElementChild?.textContent).toBe(name.slice(-9));
  });

  it.each([
    ["QUEUED", "Queued", "Processing batch"],
    ["PARTIAL", "Partial", "Batch finished"],
    ["FAILED", "Failed", "Batch failed"],
    ["CANCELLED", "Cancelled", "Batch cancelled"],
  ] as const)("names the status %s", (status, badge, title) => {
    render(<BatchProgressBar progress={batchOf([photo(1)], { status })} language="en" />);
    expect(screen.getByRole("heading", { name: title, level: 2 })).toBeTruthy();
    expect(screen.getAllByText(badge).length).toBeGreaterThan(0);
  });

  it("holds its place before the first state", () => {
    render(<BatchProgressBar progress={null} connection={{ phase: "connecting" }} language="en" />);
    expect(screen.getByText("Connecting…")).toBeTruthy();
    expect(screen.getByRole("progressbar").getAttribute("aria-valuetext")).toBe("Loading");
  });

  it("sums up at the end", () => {
    const inventorySummary = {
      totalItems: 3,
      totalVolume: 1.5,
      byRoom: [{ roomType: "kitchen", items: 3, volume: 1.5 }],
      byItem: [],
    };
    render(
      <BatchProgressBar
        progress={batchOf([photo(1, DONE)], { status: "COMPLETED", inventorySummary })}
        language="en"
      />,
    );
    const inventory = screen.getByRole("region", { name: "Inventory" });
    expect(within(inventory).getByText("1.5")).toBeTruthy();
    expect(within(inventory).getByText(/6 m³ truck advised/)).toBeTruthy();
  });
});

describe("the counters", () => {
  it("filter the photos; a photo that changes meanwhile stays until they are set anew", async () => {
    const person = userEvent.setup();
    const batch = batchOf([photo(1, FAILED), photo(2), photo(3)]);
    const { rerender } = render(<BatchProgressBar progress={batch} showPhotos language="en" />);
    await person.click(screen.getByRole("button", { name: /Failed/ }));
    expect(screen.getAllByRole("listitem")).toHaveLength(1);
    rerender(<BatchProgressBar progress={withPhoto(batch, "photo-1", DONE)} showPhotos language="en" />);
    expect(within(screen.getByRole("listitem")).getByText("Kitchen")).toBeTruthy();
    await person.click(screen.getByRole("button", { name: /Failed/ }));
    expect(screen.getAllByRole("listitem")).toHaveLength(3);
  });

  it("say so where no photo matches", async () => {
    render(<BatchProgressBar progress={batchOf([photo(1)])} showPhotos language="en" />);
    await userEvent.click(screen.getByRole("button", { name: /Failed/ }));
    expect(screen.getByText("No failed photos. Good.")).toBeTruthy();
  });
});

describe("the dialog", () => {
  it("has a name, and closes by its button", async () => {
    const onClose = vi.fn();
    render(<BatchProgressModal open onClose={onClose} progress={batchOf([photo(1)])} language="en" />);
    const dialog = screen.getByRole("dialog", { name: "Progress of the batch" });
    await userEvent.click(within(dialog).getByRole("button", { name: "Close" }));
    expect(onClose).toHaveBeenCalled();
  });
});

describe("the line", () => {
  it("asks for another try when it is lost, and says that the work goes on", async () => {
    const onRetry = vi.fn();
    const batch = batchOf([photo(1)]);
    render(
      <BatchProgressBar progress={batch} connection={{ phase: "lost", since: 0 }} onRetry={onRetry} language="en" />,
    );
    expect(screen.getByText(/The work goes on at the server/)).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Reconnect" }));
    expect(onRetry).toHaveBeenCalledOnce();
  });
});
