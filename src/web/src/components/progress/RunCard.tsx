import type { Snapshot } from "../../api/schema";
import { type I18n, useI18n } from "../../i18n";
import type { Connection } from "../../stream";
import { CARD } from "../base/Card";
import { Skeleton } from "../base/Empty";
import { Bar } from "./Bar";
import { Counters, type Filter } from "./Counters";
import { isFinished } from "./state";

interface RunCardProps {
  progress: Snapshot | null;
  connection?: Connection | undefined;
  /** When the newest state came, Date.now(). */
  lastUpdate?: number | null;
  labelledBy?: string;
  filter?: Filter | null;
  onFilter?: ((filter: Filter | null) => void) | undefined;
}

const NOTHING = { queued: 0, processing: 0, completed: 0, failed: 0, total: 1 };

/** The figure, the bar and the four counters: the same height in every state, before the first too. */
export function RunCard({ progress, connection, lastUpdate = null, labelledBy, filter, onFilter }: RunCardProps) {
  const i18n = useI18n();
  const { m } = i18n;
  const counts = progress?.counts ?? NOTHING;
  const finished = counts.completed + counts.failed;
  return (
    <div className={`${CARD} grid md:grid-cols-[minmax(0,1fr)_auto]`}>
      <div className="grid content-center gap-2.5 px-4 pt-4 pb-3.5 md:gap-2 md:px-5 md:py-4">
        <div className="flex h-9 items-baseline gap-2.5 whitespace-nowrap">
          {progress ? <Figure progress={progress} finished={finished} /> : <Waiting />}
          <p className="ml-auto truncate text-end text-sm text-ink-3 max-lg:hidden">
            {progress && note(i18n, progress, connection, lastUpdate)}
          </p>
        </div>
        <Bar
          status={progress?.status ?? "QUEUED"}
          paused={progress?.paused ?? false}
          progress={progress?.progress ?? 0}
          counts={counts}
          spoken={progress ? m.batch.spoken(progress.progress, finished, counts.total) : m.batch.loading}
          stale={connection?.phase === "lost"}
          {...(labelledBy ? { labelledBy } : { label: m.modal.title })}
        />
      </div>
      <Counters counts={progress?.counts ?? null} filter={filter ?? null} onFilter={onFilter} />
    </div>
  );
}

function Figure({ progress, finished }: { progress: Snapshot; finished: number }) {
  const { m, f } = useI18n();
  const [, number = "", sign = ""] = /^(\d+)(.*)$/.exec(f.percent(progress.progress)) ?? [];
  return (
    <>
      <p className="min-w-[2.6ch] text-xl font-semibold tracking-tight">
        {number}
        <small className="text-md font-medium text-ink-3">{sign}</small>
      </p>
      <p className="text-ink-2">{m.batch.of(finished, progress.counts.total)}</p>
    </>
  );
}

function Waiting() {
  return (
    <>
      <Skeleton className="text-xl">00&nbsp;%</Skeleton>
      <Skeleton>0/00 photos</Skeleton>
    </>
  );
}

const FROZEN: readonly Connection["phase"][] = ["reconnecting", "lost", "offline", "waiting"];

/** One short sentence beside the figure: what is going on, or how old this is. */
function note({ m }: I18n, progress: Snapshot, connection: Connection | undefined, lastUpdate: number | null): string {
  if (isFinished(progress.status)) return ending(m, progress);
  if (connection && FROZEN.includes(connection.phase) && lastUpdate !== null) return m.batch.noteStale(lastUpdate);
  if (progress.status === "CANCELLING") return m.batch.noteCancelling(progress.counts.processing);
  if (progress.paused) return m.batch.notePaused;
  return progress.status === "QUEUED" ? m.batch.noteQueued : m.batch.noteRunning;
}

function ending(m: I18n["m"], { status, updatedAt, createdAt, counts }: Snapshot): string {
  const end = Date.parse(updatedAt);
  if (status === "CANCELLED") return m.batch.noteCancelled(end, counts.completed);
  return m.batch.noteFinished(end, (end - Date.parse(createdAt)) / 1000);
}
