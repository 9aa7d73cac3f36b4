const LITRES = 1000;

/** m³ of the trucks that people hire in France: a van, a large van, and the two lorries of movers. */
export const TRUCKS = [6, 12, 20, 30] as const;
export const MARGIN = 0.15; // furniture does not stack like boxes of sugar

export interface Load {
  /** What stands in the house, m³. */
  typical: number;
  margin: number;
  load: number;
  /** The truck that is advised, m³. */
  size: number;
  trips: number;
  /** Two trips of the largest smaller truck that can do it; null where there is none, or where one trip is not enough anyway. */
  other: number | null;
}

const TENTHS = 10; // of a cubic metre

/** As a person reads them, in tenths: the sum is right, and what is to be loaded is never less than it is. */
export function inTenths({ typical, load }: Pick<Load, "typical" | "load">): Pick<Load, "typical" | "margin" | "load"> {
  const [stands, whole] = [Math.round(typical * TENTHS), Math.ceil(Math.round(load * LITRES) / (LITRES / TENTHS))];
  return { typical: stands / TENTHS, margin: (whole - stands) / TENTHS, load: whole / TENTHS };
}

/** The next truck up from the typical volume and its margin; above the largest one, several trips of that. */
export function loadOf(typical: number): Load {
  const volume = Math.round(typical * LITRES);
  const margin = Math.round(volume * MARGIN);
  const load = (volume + margin) / LITRES;
  const largest = TRUCKS[TRUCKS.length - 1] ?? 30;
  const size = TRUCKS.find((truck) => load <= truck) ?? largest;
  const smaller = TRUCKS.filter((truck) => truck < size && load <= 2 * truck);
  const trips = Math.max(1, Math.ceil(load / size));
  return { typical, margin: margin / LITRES, load, size, trips, other: trips === 1 ? (smaller[0] ?? null) : null };
}
