import type { FoundItem } from "../../api";

/** What a person says of an item. A count of 0 removes it; `proposed: false` says that it is there. */
export interface Wish {
  label?: string;
  count?: number;
  volumeEach?: number;
  proposed?: false;
}

export interface Draft {
  label: string;
  count: number;
  /** m³; without it the service takes what such a thing usually has. */
  volumeEach?: number;
}

const LITRES = 1000;

/** Rows that are known keep their place; new ones come last. What is gone stays as a count of 0 while it is held. */
export function inPlace(
  before: readonly FoundItem[],
  now: readonly FoundItem[],
  held: ReadonlySet<string>,
): readonly FoundItem[] {
  const newer = new Map(now.map((item) => [item.id, item]));
  const known = before.flatMap((item) => newer.get(item.id) ?? (held.has(item.id) ? gone(item) : []));
  const places = new Set(known.map((item) => item.id));
  return [...known, ...now.filter((item) => !places.has(item.id))];
}

function gone(item: FoundItem): FoundItem {
  return { ...item, count: 0, volume: 0 };
}

export function wished(item: FoundItem, wish: Wish | undefined): FoundItem {
  if (!wish) return item;
  const { label, count = item.count, volumeEach = item.volumeEach } = wish;
  const name = label === undefined ? {} : { label, labelFr: label, labelEn: label };
  return { ...item, ...name, count, volumeEach, volume: times(count, volumeEach), byPerson: true, proposed: false };
}

/** Until the service has answered: version 0, and no volume where the person gave none. */
export function draftItem(id: string, { label, count, volumeEach = 0 }: Draft): FoundItem {
  return {
    ...{ id, version: 0, label, labelFr: label, labelEn: label, count, volumeEach, volume: times(count, volumeEach) },
    ...{ confidence: null, boxes: [], proposed: false, byPerson: true },
  };
}

/** In whole litres: a float of them would show a hundredth too much. */
function times(count: number, volumeEach: number): number {
  return Math.round(count * volumeEach * LITRES) / LITRES;
}
