import type { BatchStatus, Snapshot } from "../../api/schema";
import type { Messages } from "../../i18n";

const FINISHED: ReadonlySet<BatchStatus> = new Set(["COMPLETED", "PARTIAL", "FAILED", "CANCELLED"]);

export function isFinished(status: BatchStatus): boolean {
  return FINISHED.has(status);
}

/** The title of a batch's page, by what has become of it. */
export function titleOf(m: Messages, progress: Snapshot | null): string {
  switch (progress?.status) {
    case "COMPLETED":
    case "PARTIAL":
      return m.batch.finished;
    case "FAILED":
      return m.batch.failed;
    case "CANCELLED":
      return m.batch.cancelled;
    default:
      return m.batch.running;
  }
}
