import { type RefObject, useEffect, useRef } from "react";
import type { PhotoStatus } from "../../api/schema";
import { wantsStillness } from "../base/browser";
import { flash } from "../base/motion";

const MOST_A_SECOND = 6; // more at once is flicker, not news
const recent: number[] = [];

/** A row's ground lights up once when its photo has been counted, while the person looks on. */
export function useFlash(element: RefObject<HTMLElement | null>, status: PhotoStatus | undefined): void {
  const before = useRef(status);
  useEffect(() => {
    const news = status === "DONE" && before.current !== "DONE";
    before.current = status;
    if (!news || !element.current || wantsStillness() || !mayFlash()) return;
    flash(element.current, "var(--color-completed-soft)");
  }, [element, status]);
}

function mayFlash(now = performance.now()): boolean {
  while (recent[0] !== undefined && now - recent[0] > 1000) recent.shift();
  if (recent.length >= MOST_A_SECOND) return false;
  recent.push(now);
  return true;
}
