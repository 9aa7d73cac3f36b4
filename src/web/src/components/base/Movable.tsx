import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";

interface MovableProps {
  /** Where it stands now: the ref of an element that is mounted before this one. */
  into: RefObject<HTMLElement | null>;
  children: ReactNode;
}

/**
 * Moves from one place of the page to another without being mounted anew: what a person has opened or typed inside stays, and so does the
 * focus. A window that is turned or made narrow moves it, and so does a picture of the whole page (Chromium makes the window 1 px wide for that).
 */
export function Movable({ into, children }: MovableProps) {
  const [home] = useState(() => document.createElement("div"));
  const focused = useRef<HTMLElement | null>(null);
  useLayoutEffect(() => {
    into.current?.append(home);
    focused.current?.focus({ preventScroll: true });
    return () => {
      focused.current = focusWithin(home);
    };
  }, [home, into]);
  return createPortal(children, home);
}

function focusWithin(element: HTMLElement): HTMLElement | null {
  const { activeElement } = document;
  return activeElement instanceof HTMLElement && element.contains(activeElement) ? activeElement : null;
}
