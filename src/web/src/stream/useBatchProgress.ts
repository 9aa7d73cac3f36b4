import type { Problem } from "../api/problem";
import type { Snapshot } from "../api/schema";
import type { Connection } from "./connection";

export interface BatchProgress {
  /** The newest state; the last known one while the line is down. Photos that did not change stay the same object. */
  data: Snapshot | null;
  /** Nothing is known yet, and nothing has gone wrong for good. */
  isLoading: boolean;
  /** Why nothing more will come by itself, or why the service asks to wait; null otherwise. */
  error: Problem | null;
  isConnected: boolean;
  /** When the newest state came, Date.now(); null before the first. */
  lastUpdate: number | null;
  connection: Connection;
  /** The person asks for another try. */
  retry: () => void;
  /** After a call that opens a finished batch again (retry-failed, a correction): follow its next run. */
  reopen: () => void;
}

/** Follows a batch for as long as a component that uses it is mounted: one line for all components, tabs and batches. */
export declare function useBatchProgress(batchId: string): BatchProgress;
