import { vi } from "vitest";

/** A window of a width that a test changes, whose person wants stillness (nothing here can move). Other media queries never hold. */
export class FakeWindow {
  #width = 1440;
  readonly #asked = new Set<() => void>();

  static install(): FakeWindow {
    const made = new FakeWindow();
    vi.stubGlobal("matchMedia", (query: string) => made.#list(query));
    return made;
  }

  resize(width: number): void {
    this.#width = width;
    for (const tell of this.#asked) tell();
  }

  #list(query: string): Partial<MediaQueryList> {
    const least = Number(/min-width: ([\d.]+)rem/.exec(query)?.[1] ?? Number.POSITIVE_INFINITY) * 16;
    return {
      matches: query.includes("prefers-reduced-motion") || this.#width >= least,
      addEventListener: (_: string, tell: unknown) => void this.#asked.add(tell as () => void),
      removeEventListener: (_: string, tell: unknown) => void this.#asked.delete(tell as () => void),
    };
  }
}
