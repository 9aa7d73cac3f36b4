import type {
  ChangeEvent,
  CompleteEvent,
  ItemSum,
  Photo,
  ProgressEvent,
  RoomSum,
  Snapshot,
  Summary,
} from "../api/schema";

/** The number in `<epoch>-<n>`. */
export function numberOf(eventId: string): number {
  return Number(eventId.slice(eventId.lastIndexOf("-") + 1));
}

export function epochOf(eventId: string): string {
  return eventId.slice(0, eventId.lastIndexOf("-"));
}

export function isFinished(snapshot: Pick<Snapshot, "status">): boolean {
  const { status } = snapshot;
  return status === "COMPLETED" || status === "PARTIAL" || status === "FAILED" || status === "CANCELLED";
}

/** A whole state. Photos that are as they were stay the same objects, so that only the others are drawn anew. */
export function foldProgress(known: Snapshot | null, { committedAt: _, ...state }: ProgressEvent): Snapshot {
  if (!known) return state;
  const before = new Map(known.photos.map((photo) => [photo.id, photo]));
  return { ...state, photos: state.photos.map((photo) => same(before.get(photo.id), photo)) };
}

/** The next event; the caller has seen to it that it is the next. */
export function foldChange(known: Snapshot, change: ChangeEvent): Snapshot {
  const { status, paused, run, progress, counts, updatedAt, eventId } = change;
  return {
    ...known,
    ...{ status, paused, run, progress, counts, updatedAt, eventId },
    photos: replace(known.photos, change.photos),
    inventorySummary: addUp(known.inventorySummary, change),
  };
}

/** The end of a run says nothing new about photos. */
export function foldComplete(known: Snapshot, end: CompleteEvent): Snapshot {
  const { status, run, progress, counts, inventorySummary, updatedAt, eventId } = end;
  return { ...known, ...{ status, run, progress, counts, inventorySummary, updatedAt, eventId }, paused: false };
}

function same(before: Photo | undefined, photo: Photo): Photo {
  if (!before) return photo;
  const names = Object.keys(photo) as (keyof Photo)[];
  return names.every((name) => before[name] === photo[name]) ? before : photo;
}

function replace(photos: Photo[], changed: Photo[]): Photo[] {
  if (!changed.length) return photos;
  const newer = new Map(changed.map((photo) => [photo.id, photo]));
  return photos.map((photo) => newer.get(photo.id) ?? photo);
}

/** Totals come with the event; the breakdown is kept by difference. No summary before anything was counted. */
function addUp(before: Summary | null, change: ChangeEvent): Summary | null {
  const { totalItems, totalVolume, changes, counts } = change;
  if (counts.completed === 0 && totalItems === 0) return null;
  const known = before ?? { totalItems: 0, totalVolume: 0, byRoom: [], byItem: [] };
  if (!changes.length && known.totalItems === totalItems && known.totalVolume === totalVolume) return known;
  const rooms = new Map(known.byRoom.map((sum) => [sum.roomType, { count: sum.items, volume: sum.volume }]));
  const items = new Map(known.byItem.map((sum) => [sum.label, { count: sum.count, volume: sum.volume }]));
  for (const { room, label, count, volume } of changes) {
    add(rooms, room, count, volume);
    add(items, label, count, volume);
  }
  return {
    totalItems,
    totalVolume,
    byRoom: sorted(rooms).map(([roomType, sum]): RoomSum => ({ roomType, items: sum.count, volume: sum.volume })),
    byItem: sorted(items).map(([label, sum]): ItemSum => ({ label, count: sum.count, volume: sum.volume })),
  };
}

type Sums = Map<string, { count: number; volume: number }>;

function add(sums: Sums, key: string, count: number, volume: number): void {
  const before = sums.get(key) ?? { count: 0, volume: 0 };
  const total = before.count + count;
  // Whole litres: three decimals are exact.
  if (total) sums.set(key, { count: total, volume: Math.round((before.volume + volume) * 1000) / 1000 });
  else sums.delete(key);
}

function sorted(sums: Sums): [string, { count: number; volume: number }][] {
  return [...sums].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
