const NARROW = "\u202f";
const NO_BREAK = "\u00a0";

/** French spacing: narrow and unbreakable before `; ! ? %`, unbreakable before `:` and inside a volume, curly apostrophes. */
export function french(text: string): string {
  return text
    .replace(/ ([;!?%])/g, `${NARROW}$1`)
    .replace(/ :/g, `${NO_BREAK}:`)
    .replace(/« /g, `«${NO_BREAK}`)
    .replace(/ »/g, `${NO_BREAK}»`)
    .replace(/ (m³|s\b|Mio|Mo)/g, `${NO_BREAK}$1`)
    .replace(/'/g, "’");
}

/** A French sentence with values in it. Only the words are spaced, never a value: a file's name stays as it is. */
export function fr(words: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return words.map((part, place) => french(part) + (values[place] ?? "")).join("");
}
