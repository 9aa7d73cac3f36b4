import type { Problem } from "../api/problem";

/**
 * The line to the service, as a person is told of it. Times are Date.now() milliseconds.
 *
 * connecting: for the first time, nothing is known yet. live: changes arrive. reconnecting: `attempt` of `tries`; `nextAt` is when the
 * next one begins, null while one is under way. waiting: the service asked for it (429, 503). offline: the browser has no network.
 * lost: all tries are spent; only `retry()` helps (or the network, or the page coming to the front). ended: the batch is finished.
 * refused: another try cannot help (`problem.slug`: not-signed-in, session-ended, batch-not-found, batch-deleted, closed-by-operator).
 */
export type Connection =
  | { phase: "connecting" }
  | { phase: "live"; since: number }
  | { phase: "reconnecting"; attempt: number; tries: number; nextAt: number | null }
  | { phase: "waiting"; problem: Problem; nextAt: number }
  | { phase: "offline" }
  | { phase: "lost"; since: number }
  | { phase: "ended" }
  | { phase: "refused"; problem: Problem };

export type Phase = Connection["phase"];
