import type { IconName } from "../base/Icon";

/** The order of rooms wherever they are listed: fixed, so that a room never changes place because its volume does. */
const ORDER = ["living_room", "dining_room", "kitchen", "bedroom", "office", "hall", "garage", "bathroom"];
const ICONS: Readonly<Record<string, IconName>> = {
  living_room: "living_room",
  dining_room: "dining_room",
  kitchen: "kitchen",
  bedroom: "bedroom",
  office: "office",
  hall: "hall",
  garage: "garage",
  bathroom: "bathroom",
};

export function iconOfRoom(room: string): IconName {
  return ICONS[room] ?? "box";
}

/** Known rooms first, then those that a person named, then what is other or unknown. */
export function inOrder<Room extends { roomType: string }>(rooms: readonly Room[]): Room[] {
  return rooms.toSorted(
    (one, two) => rank(one.roomType) - rank(two.roomType) || one.roomType.localeCompare(two.roomType),
  );
}

function rank(room: string): number {
  const place = ORDER.indexOf(room);
  if (place >= 0) return place;
  return room === "other" || room === "unknown" ? ORDER.length + 1 : ORDER.length;
}
