import { useEffect, useLayoutEffect, useState, useSyncExternalStore } from "react";
import type { Photo } from "../../api/schema";
import { type Corrector, type ItemsView, keyOf, PhotoItems } from "./PhotoItems";

/** Whether a person may correct what is on it: it has been looked at, or nobody could. */
export function isReady(photo: Photo): boolean {
  return photo.status === "DONE" || photo.status === "ERROR";
}

/**
 * What one photo shows, read once it was counted and again when that changed. `wanted`: false asks nothing. A component that uses it is
 * mounted anew for another photo, and `corrector` stays the same object.
 */
export function usePhotoItems(photo: Photo, wanted: boolean, corrector: Corrector): [ItemsView, PhotoItems] {
  const [items] = useState(() => new PhotoItems(photo.id, corrector));
  const view = useSyncExternalStore(items.subscribe, () => items.view);
  const key = wanted && isReady(photo) ? keyOf(photo) : null;
  const empty = photo.itemCount === 0;
  useLayoutEffect(() => items.follow(key, empty), [items, key, empty]); // grey rows stand in the first picture already
  useEffect(() => () => items.close(), [items]);
  return [view, items];
}

/** Holds an item, or "new", for as long as somebody types at it; null holds nothing. */
export function useHold(book: PhotoItems, what: string | null): void {
  useEffect(() => (what === null ? undefined : book.hold(what)), [book, what]);
}
