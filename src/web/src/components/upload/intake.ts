import { newKey } from "../../api";

export const LARGEST = 25 * 1024 * 1024; // bytes of one photo; the service says the same
export const MOST = 200; // photos of a batch

/** What is accepted by the file dialog; the service looks at the bytes. */
export const ACCEPT = "image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif";

const READABLE: ReadonlySet<string> = new Set(ACCEPT.split(",").filter((type) => type.includes("/")));

export type Refusal = "tooLarge" | "tooMany" | "empty" | "type";

export interface Refused {
  /** Of this page. */
  readonly id: string;
  readonly file: File;
  readonly why: Refusal;
}

/** What need not be sent to be refused; `held` photos are there already. A file without a type is for the service to judge. */
export function sorted(files: Iterable<File>, held: number): { taken: File[]; refused: Refused[] } {
  const taken: File[] = [];
  const refused: Refused[] = [];
  for (const file of files) {
    const why = refusalOf(file, held + taken.length);
    if (why) refused.push({ id: newKey(), file, why });
    else taken.push(file);
  }
  return { taken, refused };
}

function refusalOf(file: File, held: number): Refusal | null {
  if (file.type && !READABLE.has(file.type)) return "type";
  if (file.size === 0) return "empty";
  if (file.size > LARGEST) return "tooLarge";
  return held >= MOST ? "tooMany" : null;
}
