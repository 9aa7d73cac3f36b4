import type { Language } from "./format";
import { french } from "./typography";

/** Why a photo failed: two or three words for its row, a sentence for the open photo. */
export interface Reason {
  readonly short: string;
  readonly long: string;
}

type Words = Readonly<Record<Language, Reason>>;

/** The service says why in an English sentence; each is known by how it begins. What is new is shown as it came. */
const KNOWN: readonly (readonly [RegExp, (found: RegExpMatchArray) => Words])[] = [
  [
    /^The file is incomplete or damaged/,
    () =>
      words(
        ["Incomplete file", "The file is incomplete or damaged, the upload may have stopped before the end."],
        ["Fichier incomplet", "Le fichier est incomplet ou abîmé, l'envoi s'est peut-être arrêté avant la fin."],
      ),
  ],
  [
    /^The file is empty/,
    () =>
      words(
        ["Empty file", "The file is empty. Upload the photo again."],
        ["Fichier vide", "Le fichier est vide. Envoyez la photo à nouveau."],
      ),
  ],
  [
    /^This file is not a picture/,
    () =>
      words(
        ["Not a picture", "This file is not a picture. Upload the photo as JPEG, PNG, WebP or HEIC."],
        ["Pas une image", "Ce fichier n'est pas une image. Envoyez la photo en JPEG, PNG, WebP ou HEIC."],
      ),
  ],
  [
    /^(\S+) files cannot be read/,
    ([, kind = ""]) =>
      words(
        [`${kind} is not read`, `${kind} files cannot be read. Upload the photo as JPEG, PNG, WebP or HEIC.`],
        [
          `Format ${kind} non lu`,
          `Les fichiers ${kind} ne peuvent pas être lus. Envoyez la photo en JPEG, PNG, WebP ou HEIC.`,
        ],
      ),
  ],
  [
    /^This picture moves/,
    () =>
      words(
        ["Animated image", "This picture moves. Upload a still photo of the room."],
        ["Image animée", "Cette image bouge. Envoyez une photo fixe de la pièce."],
      ),
  ],
  [
    /^The picture has (\d+) megapixels; up to (\d+)/,
    ([, has = "", most = ""]) =>
      words(
        [
          `${has} megapixels, limit ${most}`,
          `The picture has ${has} megapixels, the limit is ${most}. Save it smaller and upload it again.`,
        ],
        [
          `${has} mégapixels, limite ${most}`,
          `Image de ${has} mégapixels, la limite est de ${most}. Réduisez-la, puis envoyez-la à nouveau.`,
        ],
      ),
  ],
  [
    /^The picture is (\d+) x (\d+) pixels; at least (\d+)/,
    ([, width = "", height = "", least = ""]) =>
      words(
        [
          `${width} × ${height} pixels`,
          `The picture is ${width} × ${height} pixels; at least ${least} × ${least} are needed.`,
        ],
        [
          `${width} × ${height} pixels`,
          `L'image fait ${width} × ${height} pixels ; il en faut au moins ${least} × ${least}.`,
        ],
      ),
  ],
  [
    /^The file of this photo is not in the store/,
    () =>
      words(
        ["File is gone", "The file of this photo is not in the store any more."],
        ["Fichier disparu", "Le fichier de cette photo n'est plus dans le dépôt."],
      ),
  ],
  [
    /(three times|3 times|interrupted|worker|process)/i,
    () =>
      words(
        ["Analysis stopped", "The analysis stopped three times."],
        ["Analyse interrompue", "L'analyse s'est interrompue trois fois."],
      ),
  ],
];

function words([short, long]: [string, string], [court, phrase]: [string, string]): Words {
  return { en: { short, long }, fr: { short: french(court), long: french(phrase) } };
}

/** What to say of a photo's `error`. */
export function reasonOf(error: string, language: Language): Reason {
  for (const [beginning, say] of KNOWN) {
    const found = error.match(beginning);
    if (found) return say(found)[language];
  }
  return { short: error, long: error };
}
