import { Problem } from "../api/problem";

/**
 * The line to the service, as a person is told of it. Times are Date.now() milliseconds.
 *
 * connecting: for the first time, nothing has come yet. live: changes arrive. reconnecting: `attempt` of `tries`; `nextAt` is when the
 * next one begins, null while one is under way. waiting: the service asked for it (429, 503). offline: the browser has no network.
 * lost: all tries are spent; only `retry()` helps (or the network, or the page coming to the front). ended: all is finished.
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

export const HEARTBEAT_MS = 15_000; // of the service: a ping after so much silence
export const SILENT_MS = 2.5 * HEARTBEAT_MS; // two lost pings are a dead line, one late ping is not
export const OPENING_MS = 10_000; // an open connection says something at once
export const TRIES = 5;
export const BACKOFF_MS = [1000, 2000, 4000, 8000, 16_000, 30_000] as const;
const JITTER = 0.25; // browsers that were cut together must not come back together

/** Before the `failures`-th try by hand in a row. */
export function backoff(failures: number): number {
  const pause = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? 0;
  return spread(pause);
}

export function spread(pause: number): number {
  return Math.round(pause * (1 + JITTER * (2 * Math.random() - 1)));
}

/** A machine without any network may still reach itself: this gives a failure its name and stops no try. */
export function isOffline(): boolean {
  return navigator.onLine === false;
}

/** As it goes from tab to tab: an error loses its class on the way. */
export function dry(connection: Connection): unknown {
  return "problem" in connection ? { ...connection, problem: connection.problem.toJSON() } : connection;
}

export function revive(dried: unknown): Connection {
  const connection = dried as Connection;
  return "problem" in connection ? { ...connection, problem: Problem.of(connection.problem) } : connection;
}
