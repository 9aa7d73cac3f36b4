import { newKey } from "../../api";

export const LARGEST = 25 * 1024 * 1024; // bytes of one photo; the service says the same
export const MOST = 200; // photos of a batch

/** What is accepted by the file dialog; the service looks at the bytes. */
export const ACCEPT = "image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif";

const HEAD = 32; // bytes; the service looks at as many (roomtally/storage/sniff.py)
/** What a photo begins with, a letter a byte. "ftyp" and its brands: HEIC. */
const PHOTO =
  /^(?:\xff\xd8\xff|\x89PNG\r\n|RIFF.{4}WEBP|.{4}ftyp(?:.{8})?(?:.{4})*?(?:heic|heix|hevc|hevx|heim|heis|mif1|msf1))/s;

export type Refusal = "tooLarge" | "tooMany" | "empty" | "type";

export interface Refused {
  /** Of this page. */
  readonly id: string;
  readonly file: File;
  readonly why: Refusal;
}

/** What need not be sent to be refused; `held` photos are there already. */
export async function sorted(files: Iterable<File>, held: number): Promise<{ taken: File[]; refused: Refused[] }> {
  const taken: File[] = [];
  const refused: Refused[] = [];
  const looked = await Promise.all([...files].map(async (file) => ({ file, readable: await isReadable(file) })));
  for (const { file, readable } of looked) {
    const why = refusalOf(file, readable, held + taken.length);
    if (why) refused.push({ id: newKey(), file, why });
    else taken.push(file);
  }
  return { taken, refused };
}

function refusalOf(file: File, readable: boolean, held: number): Refusal | null {
  if (file.size === 0) return "empty";
  if (!readable) return "type";
  if (file.size > LARGEST) return "tooLarge";
  return held >= MOST ? "tooMany" : null;
}

/** By its first bytes, whatever its name says. A folder that was dropped, or a file that is gone, cannot be read at all. */
async function isReadable(file: File): Promise<boolean> {
  try {
    const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
    return PHOTO.test(String.fromCharCode(...head));
  } catch {
    return false;
  }
}
