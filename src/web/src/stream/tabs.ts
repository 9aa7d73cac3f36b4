import type { StreamEvent } from "./events";
import type { Known } from "./ledger";

/** What tabs of one browser say to each other. */
export type Word =
  /** A tab: these are all that I follow. Also the answer to `who`. */
  | { say: "want"; tab: string; batches: readonly string[] }
  | { say: "bye"; tab: string }
  /** A tab asks the leader: are you there, and what do you know of mine? */
  | { say: "look"; tab: string; batches: readonly string[] }
  | { say: "retry" }
  | { say: "reopen"; batch: string }
  /** The leader: I am new, tell me what you want. */
  | { say: "who" }
  | { say: "event"; event: StreamEvent }
  | { say: "link"; connection: unknown }
  | { say: "known"; tab: string; known: readonly [string, Known][]; connection: unknown };

export const CHANNEL = "roomtally.stream.1"; // the number: of these words, for tabs of an older build
const LEADER = `${CHANNEL}.leader`;

/** Whether this browser can share a connection between tabs: Web Locks need a secure page (https, or loopback). */
export function canShare(): boolean {
  return typeof BroadcastChannel === "function" && typeof navigator.locks?.request === "function";
}

/** Holds the lock that says that this tab lives, until the returned function is called or the tab is gone. */
export function live(tab: string): () => void {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  void navigator.locks.request(nameOf(tab), () => held);
  return release;
}

/** Calls `gone` once the tab is gone, however it went. */
export function watchTab(tab: string, gone: () => void, signal: AbortSignal): void {
  navigator.locks.request(nameOf(tab), { signal }, () => gone()).catch(ignoreAbort);
}

/**
 * Waits for the lead; `steal` takes it from a tab that has fallen silent. `lead` runs when it is ours; its promise resolves when we give it
 * back. `lost`: another tab has taken it.
 */
export function seekLead(lead: () => Promise<void>, lost: () => void, signal: AbortSignal, steal = false): void {
  // A request that steals cannot be aborted, and need not: it is granted at once.
  const options = steal ? { steal } : { signal };
  let led = false;
  navigator.locks
    .request(LEADER, options, () => {
      led = true;
      return signal.aborted ? undefined : lead();
    })
    .catch((error: unknown) => {
      if (led) lost();
      else ignoreAbort(error);
    });
}

function nameOf(tab: string): string {
  return `${CHANNEL}.tab.${tab}`;
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
}
