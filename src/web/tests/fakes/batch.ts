import type { ChangeEvent, CompleteEvent, Photo, ProgressEvent, Snapshot } from "../../src/api/schema";

export const A = "aaaaaaaa-0000-4000-8000-000000000001";
export const B = "bbbbbbbb-0000-4000-8000-000000000002";
const EPOCH = "db5fb67c6525";

export function photo(number: number, change: Partial<Photo> = {}): Photo {
  const filename = `room ${number}.jpg`;
  return {
    id: `photo-${number}`,
    filename,
    status: "PENDING",
    roomType: null,
    itemCount: 0,
    volume: 0,
    error: null,
    ...change,
  };
}

/** A batch of two photos after event `n`, none of them begun. */
export function snapshot(n: number, change: Partial<Snapshot> = {}): Snapshot {
  return {
    batchId: A,
    projectId: "project",
    status: "PROCESSING",
    paused: false,
    run: 1,
    progress: 0,
    counts: { queued: 2, processing: 0, completed: 0, failed: 0, total: 2 },
    photos: [photo(1), photo(2)],
    inventorySummary: null,
    eventId: `${EPOCH}-${n}`,
    createdAt: "2026-11-24T14:00:00Z",
    updatedAt: "2026-11-24T14:00:00Z",
    ...change,
  };
}

export const progress = (n: number, change: Partial<ProgressEvent> = {}): ProgressEvent => snapshot(n, change);

export function change(n: number, changed: Partial<ChangeEvent> = {}): ChangeEvent {
  return {
    batchId: A,
    run: 1,
    status: "PROCESSING",
    paused: false,
    progress: 0,
    counts: { queued: 1, processing: 1, completed: 0, failed: 0, total: 2 },
    totalItems: 0,
    totalVolume: 0,
    photos: [],
    changes: [],
    updatedAt: "2026-11-24T14:00:01Z",
    type: "photo_claimed",
    eventId: `${EPOCH}-${n}`,
    ...changed,
  };
}

export function complete(n: number, change: Partial<CompleteEvent> = {}): CompleteEvent {
  return {
    batchId: A,
    projectId: "project",
    status: "COMPLETED",
    run: 1,
    progress: 100,
    counts: { queued: 0, processing: 0, completed: 2, failed: 0, total: 2 },
    inventorySummary: null,
    eventId: `${EPOCH}-${n}`,
    updatedAt: "2026-11-24T14:00:02Z",
    ...change,
  };
}

export const vectorOf = (...numbers: number[]): string => `v1:${EPOCH}:${numbers.join(",")}`;
