import { useEffect, useState } from "react";
import { type FoundItem, readPhotoItems } from "../../api";
import type { Photo } from "../../api/schema";

export type Items =
  | { state: "none" }
  | { state: "loading" }
  | { state: "failed" }
  | { state: "known"; items: readonly FoundItem[] };

interface Kept {
  of: string;
  items: readonly FoundItem[] | null;
}

/** What one photo shows, read once it was counted and again when that changed. `wanted`: false asks nothing. */
export function usePhotoItems(photo: Photo | undefined, wanted: boolean): Items {
  const [kept, keep] = useState<Kept | null>(null);
  const asked = wanted && photo?.status === "DONE" && photo.itemCount > 0;
  const key = photo ? `${photo.id} ${photo.itemCount} ${photo.volume}` : "";
  const id = photo?.id;
  useEffect(() => {
    if (!asked || !id) return;
    const stop = new AbortController();
    readPhotoItems(id, stop.signal).then(
      ({ items }) => keep({ of: key, items }),
      () => stop.signal.aborted || keep({ of: key, items: null }),
    );
    return () => stop.abort();
  }, [asked, id, key]);
  if (!asked) return { state: "none" };
  if (kept?.of !== key) return { state: "loading" };
  return kept.items ? { state: "known", items: kept.items } : { state: "failed" };
}
