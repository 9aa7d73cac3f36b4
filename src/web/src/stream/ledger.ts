import { Problem } from "../api/problem";
import type { Snapshot } from "../api/schema";
import type { StreamEvent, StreamEvents } from "./events";
import { epochOf, foldChange, foldComplete, foldProgress, isFinished, numberOf } from "./fold";

/** What is known of one batch. Plain data: it goes from tab to tab as it is. */
export interface Known {
  snapshot: Snapshot | null;
  /** Date.now() when the newest state came. */
  at: number | null;
  /** The run whose `complete` has come; 0 before the first. */
  completed: number;
  /** The next whole state replaces this one, even by a lower number. */
  stale: boolean;
  /** Why nothing more comes of this batch; null while something may. */
  refusal: Refusal | null;
}

export interface Refusal {
  slug: string;
  status: number;
  detail: string;
}

const NOTHING: Known = { snapshot: null, at: null, completed: 0, stale: false, refusal: null };
const STATUS: Record<string, number> = { "session-ended": 401, "batch-not-found": 404, "batch-deleted": 404 };

/** Several batches as one viewer knows them, folded from the events of any number of connections. */
export class Ledger {
  readonly #known = new Map<string, Known>();

  of(batchId: string): Known {
    return this.#known.get(batchId) ?? NOTHING;
  }

  put(batchId: string, known: Known): void {
    this.#known.set(batchId, known);
  }

  /** What another tab knows; nothing that is older than what is known here. One that has just taken the lead may know nothing yet. */
  learn(batchId: string, known: Known): void {
    const mine = this.of(batchId);
    const older = mine.snapshot && known.snapshot && !mine.stale && isBehind(known.snapshot, mine.snapshot);
    if (mine.snapshot && !known.snapshot) this.put(batchId, { ...mine, refusal: known.refusal });
    else if (!older || known.refusal) this.put(batchId, known);
  }

  /** All others are forgotten. */
  keep(batches: readonly string[]): void {
    for (const batchId of [...this.#known.keys()]) {
      if (!batches.includes(batchId)) this.#known.delete(batchId);
    }
  }

  /** Signed in again: what was refused for want of that is not refused any more. Returns those that changed. */
  pardon(batches: readonly string[]): string[] {
    const pardoned = batches.filter((batchId) => this.of(batchId).refusal?.status === 401);
    for (const batchId of pardoned) this.reopen(batchId);
    return pardoned;
  }

  /** The person has opened a finished batch again, or wants another try. */
  reopen(batchId: string): void {
    this.put(batchId, { ...this.of(batchId), completed: 0, refusal: null });
  }

  /** Whether nothing more comes of this batch by itself. */
  isOver(batchId: string): boolean {
    const { snapshot, completed, refusal } = this.of(batchId);
    return refusal !== null || (snapshot !== null && isFinished(snapshot) && completed === snapshot.run);
  }

  /** The batches that changed; "gap" where an event in between is missing and the whole state must be read. */
  take(event: StreamEvent, followed: readonly string[]): string[] | "gap" {
    switch (event.name) {
      case "progress":
        return this.#progress(event.data, event.at);
      case "change":
        return this.#change(event.data, event.at);
      case "complete":
        return this.#complete(event.data, event.at);
      case "reset":
        return this.#each(event.data.batchId, followed, (known) => ({ ...known, stale: true, completed: 0 }));
      case "error":
        return this.#error(event.data, followed);
      default:
        return [];
    }
  }

  /**
   * The id to come back with, in the order of `batches`; null where nothing is known. 0 asks for the whole state. Of a run whose
   * `complete` is still missing the last event is asked again: `complete` follows it.
   */
  vector(batches: readonly string[]): string | null {
    const epochs = new Set<string>();
    const numbers = batches.map((batchId) => {
      const { snapshot, stale, completed } = this.of(batchId);
      if (!snapshot || stale) return 0;
      epochs.add(epochOf(snapshot.eventId));
      const owed = isFinished(snapshot) && completed !== snapshot.run;
      return Math.max(numberOf(snapshot.eventId) - (owed ? 1 : 0), 0);
    });
    const [epoch] = epochs;
    return epochs.size === 1 && epoch ? `v1:${epoch}:${numbers.join(",")}` : null;
  }

  /** The whole state comes with the next connection. */
  doubt(batchId: string): void {
    this.put(batchId, { ...this.of(batchId), stale: true });
  }

  #progress(data: StreamEvents["progress"], at: number): string[] {
    const known = this.of(data.batchId);
    if (known.snapshot && !known.stale && isBehind(data, known.snapshot)) return [];
    const snapshot = foldProgress(known.snapshot, data);
    this.put(data.batchId, { ...known, snapshot, at, stale: false, refusal: null });
    return [data.batchId];
  }

  #change(data: StreamEvents["change"], at: number): string[] | "gap" {
    const known = this.of(data.batchId);
    if (!known.snapshot || known.stale) return this.#gap(data.batchId);
    const step = numberOf(data.eventId) - numberOf(known.snapshot.eventId);
    if (epochOf(data.eventId) !== epochOf(known.snapshot.eventId) || step > 1) return this.#gap(data.batchId);
    if (step < 1) return [];
    this.put(data.batchId, { ...known, snapshot: foldChange(known.snapshot, data), at });
    return [data.batchId];
  }

  #complete(data: StreamEvents["complete"], at: number): string[] | "gap" {
    const known = this.of(data.batchId);
    if (!known.snapshot) return this.#gap(data.batchId);
    const step = numberOf(data.eventId) - numberOf(known.snapshot.eventId);
    if (step < 0) return [];
    if (step > 0) return this.#gap(data.batchId);
    this.put(data.batchId, { ...known, snapshot: foldComplete(known.snapshot, data), at, completed: data.run });
    return [data.batchId];
  }

  #error(data: StreamEvents["error"], followed: readonly string[]): string[] {
    if (data.retryable) return [];
    const refusal = { slug: data.code, status: statusOf(data.code), detail: data.message };
    return this.#each(data.batchId, followed, (known) => ({ ...known, refusal }));
  }

  #each(batchId: string | undefined, followed: readonly string[], become: (known: Known) => Known): string[] {
    const concerned = batchId === undefined ? followed.filter((id) => !this.isOver(id)) : [batchId];
    for (const id of concerned) this.put(id, become(this.of(id)));
    return [...concerned];
  }

  #gap(batchId: string): "gap" {
    this.doubt(batchId);
    return "gap";
  }
}

export function toProblem({ slug, status, detail }: Refusal): Problem {
  return new Problem(slug, status, detail);
}

/** What REST would have answered with, of the code of an `error` event. */
export function statusOf(code: string): number {
  return STATUS[code] ?? 403;
}

function isBehind(state: { eventId: string }, known: { eventId: string }): boolean {
  return epochOf(state.eventId) === epochOf(known.eventId) && numberOf(state.eventId) < numberOf(known.eventId);
}
