import { describe, expect, it } from "vitest";
import type { FoundItem } from "../src/api";
import { inOrder } from "../src/components/inventory/rooms";
import { loadOf } from "../src/components/inventory/truck";
import { boxesOf, isUnsure } from "../src/components/photos/boxes";
import { LARGEST, sorted } from "../src/components/upload/intake";

describe("the truck", () => {
  it("is the next one up from the volume and its margin", () => {
    expect(loadOf(23.73)).toMatchObject({ load: 27.29, margin: 3.56, size: 30, trips: 1, other: 20 });
    expect(loadOf(17.4)).toMatchObject({ size: 30, trips: 1 });
    expect(loadOf(17.391)).toMatchObject({ size: 20, trips: 1 });
    expect(loadOf(2)).toMatchObject({ size: 6, other: null });
  });

  it("goes several times where the largest is too small", () => {
    expect(loadOf(99.95)).toMatchObject({ size: 30, trips: 4, other: null });
  });

  it("is the smallest where there is nothing", () => {
    expect(loadOf(0)).toMatchObject({ load: 0, size: 6, trips: 1 });
  });
});

describe("rooms", () => {
  it("keep one order, whatever their volume", () => {
    const rooms = ["other", "unknown", "kitchen", "Véranda", "living_room", "bedroom"].map((roomType) => ({
      roomType,
    }));
    expect(inOrder(rooms).map((room) => room.roomType)).toEqual([
      ...["living_room", "kitchen", "bedroom"],
      ...["Véranda", "other", "unknown"],
    ]);
  });
});

function found(label: string, boxes: [number, number, number, number][], change: Partial<FoundItem> = {}): FoundItem {
  const names = { label, labelFr: label, labelEn: label };
  return {
    id: label,
    ...names,
    count: boxes.length,
    volume: 1,
    confidence: 0.9,
    boxes,
    proposed: false,
    version: 1,
    volumeEach: 1,
    byPerson: false,
    ...change,
  };
}

describe("boxes", () => {
  it("lie the largest below, so that small ones can be reached", () => {
    const boxes = boxesOf([found("vase", [[0.5, 0.5, 0.55, 0.6]]), found("bed", [[0.1, 0.2, 0.9, 0.9]])]);
    expect(boxes.map((box) => box.item.label)).toEqual(["bed", "vase"]);
    expect(boxes[0]).toMatchObject({ left: 10, top: 20, width: 80, height: 70 });
  });

  it("carry their name inside where there is no room above, or another name stands", () => {
    const top = boxesOf([found("lamp", [[0.1, 0.01, 0.3, 0.3]])]);
    expect(top.map((box) => box.inside)).toEqual([true]);
    const two = boxesOf([found("table", [[0.1, 0.5, 0.6, 0.9]]), found("chair", [[0.12, 0.52, 0.3, 0.9]])]);
    expect(two.map((box) => box.inside)).toEqual([false, true]);
  });

  it("are unsure below the mark, and where nobody has seen the thing", () => {
    expect(isUnsure(found("lamp", [], { confidence: 0.45 }))).toBe(true);
    expect(isUnsure(found("lamp", [], { proposed: true }))).toBe(true);
    expect(isUnsure(found("lamp", [], { confidence: null }))).toBe(false);
  });
});

describe("files that need not be sent", () => {
  const file = (size: number, type = "image/jpeg", name = "a.jpg") => {
    const made = new File([], name, { type });
    Object.defineProperty(made, "size", { value: size });
    return made;
  };

  it("are refused with a reason, the others are taken", () => {
    const given = [file(10), file(LARGEST + 1), file(0), file(10, "text/plain"), file(10, "")];
    const { taken, refused } = sorted(given, 0);
    expect(taken).toEqual([given[0], given[4]]);
    expect(refused.map((one) => one.why)).toEqual(["tooLarge", "empty", "type"]);
  });

  it("are refused beyond 200", () => {
    const { taken, refused } = sorted([file(10), file(10)], 199);
    expect([taken.length, refused.map((one) => one.why)]).toEqual([1, ["tooMany"]]);
  });
});
