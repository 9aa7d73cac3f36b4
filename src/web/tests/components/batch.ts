import type { Photo, Snapshot } from "../../src/api/schema";
import { photo, snapshot } from "../fakes/batch";

/** A running batch with these photos; its counts are theirs. */
export function batchOf(photos: Photo[], change: Partial<Snapshot> = {}): Snapshot {
  const count = (status: Photo["status"]) => photos.filter((each) => each.status === status).length;
  const counts = {
    queued: count("PENDING"),
    processing: count("PROCESSING"),
    completed: count("DONE"),
    failed: count("ERROR"),
    total: photos.length,
  };
  const progress = Math.floor((100 * (counts.completed + counts.failed)) / counts.total);
  return snapshot(1, { photos, counts, progress, ...change });
}

export const photos = (count: number): Photo[] => Array.from({ length: count }, (_, place) => photo(place + 1));

export function withPhoto(batch: Snapshot, id: string, change: Partial<Photo>): Snapshot {
  return batchOf(batch.photos.map((each) => (each.id === id ? { ...each, ...change } : each)));
}

export const DONE: Partial<Photo> = { status: "DONE", roomType: "kitchen", itemCount: 3, volume: 1.5 };
export const FAILED: Partial<Photo> = {
  status: "ERROR",
  error: "The file is incomplete or damaged. Copy the photo from the camera or phone again.",
};
