import { useEffect, useState, useSyncExternalStore } from "react";

const LONGEST = 160; // pixels: a row shows 64, a tile 76, on screens of twice as many

/** Small copies of the photos that this tab itself has uploaded, by photo id: the service has no thumbnail before it looked. */
const kept = new Map<string, File>();
const drawn = new WeakMap<File, Promise<string | null>>();
const listeners = new Set<() => void>();
let last: Promise<unknown> = Promise.resolve();

/** `files` in the order of the batch's photos. */
export function keepPreviews(photoIds: readonly string[], files: readonly File[]): void {
  photoIds.forEach((id, place) => {
    const file = files[place];
    if (file) kept.set(id, file);
  });
  for (const listener of listeners) listener();
}

/** The address of a small copy of `file`; null until it is drawn, and for good where the browser cannot read it (HEIC). */
export function useFilePreview(file: File | undefined): string | null {
  const [found, setFound] = useState<{ file: File; address: string | null } | null>(null);
  useEffect(() => {
    if (!file) return;
    let left = false;
    void preview(file).then((address) => {
      if (!left) setFound({ file, address });
    });
    return () => {
      left = true;
    };
  }, [file]);
  return found?.file === file ? (found?.address ?? null) : null;
}

/** The copy that this tab has of a photo on the service, if it sent it. */
export function usePhotoPreview(photoId: string): string | null {
  const file = useSyncExternalStore(subscribe, () => kept.get(photoId));
  return useFilePreview(file);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function preview(file: File): Promise<string | null> {
  const known = drawn.get(file);
  if (known) return known;
  const drawing = last.then(() => draw(file)).catch(() => null);
  last = drawing; // one at a time: a phone's photo is 50 MB once it is decoded
  drawn.set(file, drawing);
  return drawing;
}

async function draw(file: File): Promise<string | null> {
  const bitmap = await createImageBitmap(file, { resizeWidth: LONGEST, resizeQuality: "medium" });
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.8));
  return blob && URL.createObjectURL(blob);
}
