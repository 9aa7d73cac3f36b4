import { animate } from "motion/mini";
import { type RefObject, useLayoutEffect, useRef } from "react";
import { wantsStillness } from "./browser";

/** The durations of tokens.css, in seconds. */
export const STATE = 0.2;
export const ONCE = 0.64;
const SETTLE = [0.16, 1, 0.3, 1] as const;

interface Arrival {
  duration?: number;
  delay?: number;
  /** It was here before, or the page has just been loaded: it stands at once. */
  still?: boolean;
}

/** Fades an element in when it comes. The browser's own animation: no frame of ours runs meanwhile. */
export function useArrival<E extends HTMLElement>({
  duration = STATE,
  delay = 0,
  still = false,
}: Arrival = {}): RefObject<E | null> {
  const element = useRef<E>(null);
  const first = useRef({ duration, delay, still });
  useLayoutEffect(() => {
    const { still: stands, ...times } = first.current;
    if (!element.current || stands || wantsStillness()) return;
    const animation = animate(element.current, { opacity: [0, 1] }, { ...times, ease: SETTLE });
    return () => animation.cancel();
  }, []);
  return element;
}

/** Lights up the ground of an element once. */
export function flash(element: HTMLElement, colour: string): void {
  animate(element, { backgroundColor: [colour, "rgb(0 0 0 / 0)"] }, { duration: ONCE, ease: "easeOut" }).then(() =>
    element.style.removeProperty("background-color"),
  );
}
