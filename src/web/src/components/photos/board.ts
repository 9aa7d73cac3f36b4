import { useLayoutEffect, useState, useSyncExternalStore } from "react";
import type { Photo } from "../../api/schema";

type Listener = () => void;

/**
 * The photos of a batch, each with its own listeners: a change wakes the row of that photo and no other, however many there are.
 * `ids` is the order of upload and stays the same array while no photo comes or goes.
 */
export class PhotoBoard {
  #photos = new Map<string, Photo>();
  #ids: readonly string[] = [];
  readonly #byPhoto = new Map<string, Set<Listener>>();
  readonly #ofOrder = new Set<Listener>();

  get ids(): readonly string[] {
    return this.#ids;
  }

  photo(id: string): Photo | undefined {
    return this.#photos.get(id);
  }

  /** Takes the photos of the newest snapshot. */
  update(photos: readonly Photo[]): void {
    const before = this.#photos;
    const changed = photos.filter((photo) => !isSame(before.get(photo.id), photo));
    const reordered =
      photos.length !== this.#ids.length || photos.some((photo, place) => this.#ids[place] !== photo.id);
    if (reordered) {
      this.#photos = new Map(photos.map((photo) => [photo.id, photo]));
      this.#ids = photos.map((photo) => photo.id);
    } else {
      for (const photo of changed) before.set(photo.id, photo);
    }
    for (const photo of changed) tell(this.#byPhoto.get(photo.id));
    if (reordered) tell(this.#ofOrder);
  }

  subscribe(id: string, listener: Listener): () => void {
    const listeners = this.#byPhoto.get(id) ?? new Set();
    this.#byPhoto.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (!listeners.size) this.#byPhoto.delete(id);
    };
  }

  subscribeToOrder = (listener: Listener): (() => void) => {
    this.#ofOrder.add(listener);
    return () => this.#ofOrder.delete(listener);
  };
}

function tell(listeners: Iterable<Listener> = []): void {
  for (const listener of listeners) listener();
}

/** Another object may say the same: a state that came from another tab is a copy. */
function isSame(before: Photo | undefined, now: Photo): boolean {
  if (before === now) return true;
  return (
    before !== undefined &&
    before.status === now.status &&
    before.itemCount === now.itemCount &&
    before.volume === now.volume &&
    before.roomType === now.roomType &&
    before.error === now.error &&
    before.filename === now.filename
  );
}

const NONE: readonly Photo[] = [];

/** A board that follows `photos`; rows read it by their own id. */
export function usePhotoBoard(photos: readonly Photo[] | undefined): PhotoBoard {
  const [board] = useState(() => {
    const fresh = new PhotoBoard();
    fresh.update(photos ?? NONE);
    return fresh;
  });
  useLayoutEffect(() => board.update(photos ?? NONE), [board, photos]);
  return board;
}

export function usePhoto(board: PhotoBoard, id: string): Photo | undefined {
  return useSyncExternalStore(
    (listener) => board.subscribe(id, listener),
    () => board.photo(id),
  );
}

export function usePhotoIds(board: PhotoBoard): readonly string[] {
  return useSyncExternalStore(board.subscribeToOrder, () => board.ids);
}
