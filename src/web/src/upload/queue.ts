import type { Problem } from "../api/problem";

/**
 * waiting: for its turn (three at a time). sending. retrying: the network or the service failed, the next try is at `nextAt` (null: when
 * the network is back). done: `uploadId` is there. failed: `retry` may help. refused: this file cannot be taken (`problem`).
 */
export type UploadState = "waiting" | "sending" | "retrying" | "done" | "failed" | "refused";

export interface Upload {
  /** Of this page; stays the same over repeats. */
  readonly id: string;
  readonly file: File;
  readonly state: UploadState;
  /** 0 to 1, of the try under way. */
  readonly progress: number;
  readonly uploadId: string | null;
  readonly problem: Problem | null;
  readonly nextAt: number | null;
}
