import { describe, expect, it } from "vitest";
import { i18nOf } from "../src/i18n";
import { reasonOf } from "../src/i18n/reasons";

const french = i18nOf("fr");
const english = i18nOf("en");

describe("figures", () => {
  it("are rounded half up from whole litres", () => {
    expect(french.f.headline(99.95)).toBe("100,0");
    expect(french.f.volume(1.005)).toBe("1,01\u00a0m³");
    expect(english.f.volume(0.285)).toBe("0.29\u00a0m³");
    expect(english.f.headline(17.449)).toBe("17.4");
  });

  it("are never nothing for something", () => {
    expect(french.f.volume(0.002)).toBe("<\u00a00,01\u00a0m³");
    expect(french.f.volume(0)).toBe("0,00\u00a0m³");
  });

  it("are spaced as each language does", () => {
    expect(french.f.percent(66)).toBe("66\u202f%");
    expect(english.f.percent(66)).toBe("66%");
    expect(french.f.whole(1204)).toBe("1\u202f204");
    expect(french.f.duration(48)).toBe("48\u00a0s");
    expect(french.f.duration(125)).toBe("2\u00a0min 5\u00a0s");
  });
});

/** Every sentence of one language, those with values filled with 3. */
function sentences(words: unknown, path = ""): [string, string][] {
  if (typeof words === "string") return [[path, words]];
  if (typeof words === "function") return [[path, String(words(3, 3, 3, 3))]];
  return Object.entries(words as object).flatMap(([key, value]) => sentences(value, `${path}.${key}`));
}

describe("sentences", () => {
  const all = sentences(french.m);

  it("exist in both languages, none of them empty", () => {
    expect(all.map(([path]) => path)).toEqual(sentences(english.m).map(([path]) => path));
    expect([...all, ...sentences(english.m)].filter(([, text]) => !text.trim())).toEqual([]);
  });

  it("are French where they must be", () => {
    const same = new Map(sentences(english.m));
    const shared = all
      .filter(([path, text]) => same.get(path) === text && /[a-z]{4}/i.test(text))
      .map(([path]) => path);
    const alike = [
      "nav.pages",
      "act.pause",
      "batch.of",
      "count.photos",
      "items.total",
      "items.volume",
      "photos.picture",
      "photos.title",
      "room.garage",
    ];
    expect(shared).toEqual(shared.filter((path) => alike.includes(path.slice(1))));
  });

  it("break no French line before a sign, and have no straight apostrophe", () => {
    expect(all.filter(([, text]) => / [;:!?%»]|« |'| m³/.test(text))).toEqual([]);
  });

  it("leave a file's name as it is", () => {
    expect(french.m.act.retryOf("C'est ici ! 50 %.jpg")).toBe("Réessayer\u00a0: C'est ici ! 50 %.jpg");
  });
});

describe("reasons", () => {
  it.each([
    ["The file is incomplete or damaged. Copy the photo from the camera or phone again.", "Fichier incomplet"],
    ["The file is empty. Upload the photo again.", "Fichier vide"],
    ["This file is not a picture. Upload the photo as JPEG, PNG, WebP or HEIC.", "Pas une image"],
    ["GIF files cannot be read. Upload the photo as JPEG, PNG, WebP or HEIC.", "Format GIF non lu"],
    ["This picture moves. Upload a still photo of the room.", "Image animée"],
    [
      "The picture has 71 megapixels; up to 50 can be read. Save it smaller and upload it again.",
      "71 mégapixels, limite 50",
    ],
    ["The picture is 8 x 9 pixels; at least 32 x 32 are needed to see anything on it.", "8 × 9 pixels"],
  ])("%s", (said, short) => {
    expect(reasonOf(said, "fr").short).toBe(short);
  });

  it("that are new are shown as they came", () => {
    expect(reasonOf("Something else.", "fr")).toEqual({ short: "Something else.", long: "Something else." });
  });
});
