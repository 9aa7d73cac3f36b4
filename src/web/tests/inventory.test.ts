import { describe, expect, it } from "vitest";
import type { FoundItem } from "../src/api";
import { inOrder } from "../src/components/inventory/rooms";
import { inTenths, loadOf } from "../src/components/inventory/truck";
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

describe("what is loaded", () => {
  it.each([
    [2.17, { typical: 2.2, margin: 0.3, load: 2.5 }],
    [17.4, { typical: 17.4, margin: 2.7, load: 20.1 }], // 20.01 m³ do not fit into 20
    [99.95, { typical: 100, margin: 15, load: 115 }],
    [0, { typical: 0, margin: 0, load: 0 }],
  ])("reads as a sum that is right: %d", (volume, shown) => {
    const { typical, margin, load } = inTenths(loadOf(volume));
    expect({ typical, margin: Number(margin.toFixed(3)), load }).toEqual(shown);
    expect(Math.round(10 * (typical + margin))).toBe(10 * load);
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
  const JPEG = "\xff\xd8\xff\xe0";
  const file = (head: string, { size, type = "image/jpeg" }: { size?: number; type?: string } = {}) => {
    const made = new File([Uint8Array.from(head, (letter) => letter.charCodeAt(0))], "a.jpg", { type });
    if (size !== undefined) Object.defineProperty(made, "size", { value: size });
    return made;
  };

  it("are refused with a reason, the others are taken", async () => {
    const given = [file(JPEG), file(JPEG, { size: LARGEST + 1 }), file(""), file("Dear all, ", { type: "" })];
    const { taken, refused } = await sorted(given, 0);
    expect(taken).toEqual([given[0]]);
    expect(refused.map((one) => one.why)).toEqual(["tooLarge", "empty", "type"]);
  });

  it.each([
    ["JPEG", JPEG, true],
    ["PNG", "\x89PNG\r\n\x1a\n", true],
    ["WebP", "RIFF\x0a\x00\x00\x00WEBPVP8 ", true],
    ["HEIC", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", true],
    ["HEIC by its second brand", "\x00\x00\x00\x18ftypXXXX\x00\x00\x00\x00mif1", true],
    ["AVIF", "\x00\x00\x00\x18ftypavif\x00\x00\x00\x00", false],
    ["GIF", "GIF89a", false],
    ["PDF", "%PDF-1.7 ", false],
    ["text that speaks of it", "a JPEG \xff\xd8\xff", false],
  ])("%s is judged by its first bytes", async (_, head, isTaken) => {
    const { taken } = await sorted([file(head)], 0);
    expect(taken.length === 1).toBe(isTaken);
  });

  it("are refused where they cannot be read: a folder, say", async () => {
    const folder = file(JPEG);
    folder.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException("", "NotFoundError")) }) as never;
    expect((await sorted([folder], 0)).refused.map((one) => one.why)).toEqual(["type"]);
  });

  it("are refused beyond 200", async () => {
    const { taken, refused } = await sorted([file(JPEG), file(JPEG)], 199);
    expect([taken.length, refused.map((one) => one.why)]).toEqual([1, ["tooMany"]]);
  });
});
