import type { FoundItem } from "../../api";

export interface Box {
  key: string;
  item: FoundItem;
  /** Percent of the picture. */
  left: number;
  top: number;
  width: number;
  height: number;
  /** The label stands inside: above there is no room, or another one is there. */
  inside: boolean;
}

const LABEL_HEIGHT = 6; // percent of a stage's height: 22 px of 350
const LABEL_WIDTH = 26; // percent of its width that a label may take

/** Below this share an engine is not sure; the bundled ones count from 0.43. */
export const SURE = 0.6;

export function isUnsure(item: FoundItem): boolean {
  return item.proposed || (item.confidence !== null && item.confidence < SURE);
}

/** The boxes of all items, the largest first, so that small ones lie on top and can be reached. */
export function boxesOf(items: readonly FoundItem[]): Box[] {
  const boxes = items
    .flatMap((item) => item.boxes.map((corners, place) => boxOf(item, corners, place)))
    .sort((one, two) => two.width * two.height - one.width * one.height);
  const above: Box[] = [];
  for (const box of boxes) {
    box.inside = box.top < LABEL_HEIGHT || above.some((other) => collide(box, other));
    if (!box.inside) above.push(box);
  }
  return boxes;
}

function boxOf(item: FoundItem, [x1 = 0, y1 = 0, x2 = 1, y2 = 1]: readonly number[], place: number): Box {
  return {
    key: `${item.id}-${place}`,
    item,
    left: x1 * 100,
    top: y1 * 100,
    width: (x2 - x1) * 100,
    height: (y2 - y1) * 100,
    inside: false,
  };
}

function collide(one: Box, two: Box): boolean {
  return Math.abs(one.top - two.top) < LABEL_HEIGHT && Math.abs(one.left - two.left) < LABEL_WIDTH;
}
