import { type ReactNode, type RefObject, useLayoutEffect, useState } from "react";
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
  const [home] = useState(() => new Home());
  useLayoutEffect(() => {
    home.settle(into.current);
    return () => home.leave();
  }, [home, into]);
  return createPortal(children, home.element);
}

class Home {
  readonly element = document.createElement("div");
  #focused: HTMLElement | null = null;
  #moving = false;

  constructor() {
    for (const name of ["focusin", "focusout"]) this.element.addEventListener(name, this.#hush, true);
  }

  /** Before the page around it changes: an element that is taken out of a document loses the focus. */
  leave(): void {
    const { activeElement } = document;
    this.#focused = activeElement instanceof HTMLElement && this.element.contains(activeElement) ? activeElement : null;
    this.#moving = true;
  }

  settle(place: HTMLElement | null): void {
    place?.append(this.element);
    this.#focused?.focus({ preventScroll: true });
    this.#moving = false;
  }

  /** The person has not left the field: it must not take a half typed number for a whole one. */
  readonly #hush = (event: Event) => {
    if (this.#moving) event.stopImmediatePropagation();
  };
}
