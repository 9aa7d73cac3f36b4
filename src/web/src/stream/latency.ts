import type { StreamEvent } from "./events";

const PATH = "/api/latency";
const SHARE = 0.1; // of the events; the service sees all streams, a tenth of them says the same
const MOST = 100; // samples a report
const CLOCKS_DIFFER_MS = 1000; // no event travels that long when all is well

/**
 * How old events are when they come, by this browser's clock. A sample of them is reported when the page is left, never before: while a
 * person watches, nothing but the stream is on the network.
 *
 * Where the smallest age seen is negative or above a second, the two clocks differ; ages are then counted from that smallest.
 */
export class Latencies {
  #samples: number[] = [];
  #least = Number.POSITIVE_INFINITY;

  constructor() {
    document.addEventListener("visibilitychange", this.#onHidden);
    window.addEventListener("pagehide", this.#report);
  }

  /** The age in milliseconds; null where the event does not say when it was committed. */
  take(event: StreamEvent): number | null {
    if (!("committedAt" in event.data) || typeof event.data.committedAt !== "number") return null;
    const age = event.at - event.data.committedAt;
    this.#least = Math.min(this.#least, age);
    if (Math.random() < SHARE && this.#samples.length < MOST) this.#samples.push(age);
    return this.#corrected(age);
  }

  close(): void {
    document.removeEventListener("visibilitychange", this.#onHidden);
    window.removeEventListener("pagehide", this.#report);
  }

  #corrected(age: number): number {
    const differ = this.#least < 0 || this.#least > CLOCKS_DIFFER_MS;
    return Math.max(Math.round((age - (differ ? this.#least : 0)) * 10) / 10, 0);
  }

  readonly #onHidden = () => {
    if (document.visibilityState === "hidden") this.#report();
  };

  readonly #report = () => {
    if (!this.#samples.length) return;
    const samples = this.#samples.map((age) => this.#corrected(age));
    this.#samples = [];
    const body = new Blob([JSON.stringify({ samples })], { type: "application/json" });
    navigator.sendBeacon?.(PATH, body);
  };
}
