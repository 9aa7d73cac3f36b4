import type { Photo, Snapshot } from "../../api/schema";
import type { I18n } from "../../i18n";
import type { Connection } from "../../stream";
import { isFinished } from "./state";

const QUARTER = 25; // percent

/** What has become of the batch since `before`, as one sentence worth speaking; null where silence is better. */
export function sentenceOf(i18n: I18n, before: Snapshot | null, now: Snapshot): string | null {
  const { say, batch } = i18n.m;
  if (!before) return isFinished(now.status) ? null : say.start(now.counts.total);
  if (now.status !== before.status || now.paused !== before.paused) {
    const changed = changeOfStatus(i18n, before, now);
    if (changed) return changed;
  }
  if (now.counts.failed > before.counts.failed) {
    return before.counts.failed === 0 ? firstFailure(i18n, now) : say.failures(now.counts.failed);
  }
  const quarter = Math.floor(now.progress / QUARTER);
  if (quarter > Math.floor(before.progress / QUARTER) && now.progress < 100) {
    return `${batch.spoken(now.progress, now.counts.completed + now.counts.failed, now.counts.total)}.`;
  }
  return null;
}

function changeOfStatus({ m: { say } }: I18n, before: Snapshot, now: Snapshot): string | null {
  if (now.status === "CANCELLED") return say.cancelled;
  if (isFinished(now.status)) {
    const sums = now.inventorySummary;
    return say.finished(now.counts.completed, now.counts.failed, sums?.totalItems ?? 0, sums?.totalVolume ?? 0);
  }
  if (now.status === "CANCELLING") return say.cancelling;
  if (now.paused !== before.paused) return now.paused ? say.paused : say.resumed;
  return isFinished(before.status) ? say.resumed : null;
}

function firstFailure({ m: { say }, reason }: I18n, now: Snapshot): string {
  const failed = now.photos.find((photo: Photo) => photo.status === "ERROR");
  if (!failed) return say.failures(now.counts.failed);
  const short = reason(failed.error ?? "").short;
  return say.firstFailure(failed.filename, short.charAt(0).toLocaleLowerCase() + short.slice(1));
}

const BROKEN: ReadonlySet<Connection["phase"]> = new Set(["reconnecting", "waiting", "offline"]);

/** What to say of the line; `spoken` is what was said of it last. */
export function sentenceOfLine(
  i18n: I18n,
  phase: Connection["phase"],
  spoken: Connection["phase"] | null,
): string | null {
  const { say } = i18n.m;
  if (phase === "lost") return say.lost;
  if (BROKEN.has(phase)) return say.interrupted;
  return phase === "live" && spoken !== null && spoken !== "live" ? say.following : null;
}
