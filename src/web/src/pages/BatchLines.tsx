import { useEffect } from "react";
import type { BatchLine } from "../api/schema";
import { Badge } from "../components/base/Badge";
import { Bar } from "../components/progress/Bar";
import { isFinished } from "../components/progress/state";
import { useI18n } from "../i18n";
import { Link } from "../router";
import { useBatchProgress } from "../stream";

/** What a line shows; it comes from the list, or from the stream while the batch is open. */
export type Shown = Pick<
  BatchLine,
  "batchId" | "status" | "paused" | "progress" | "counts" | "totalVolume" | "createdAt"
>;

interface BatchLinesProps {
  batches: readonly BatchLine[];
  /** The newest state of a batch that is followed live. */
  onChange: (shown: Shown) => void;
}

/** Batches under each other, newest first. Those that were open when the page came are followed live. */
export function BatchLines({ batches, onChange }: BatchLinesProps) {
  return (
    <ul>
      {batches.map((batch) =>
        isFinished(batch.status) ? (
          <Line key={batch.batchId} shown={batch} />
        ) : (
          <LiveLine key={batch.batchId} batch={batch} onChange={onChange} />
        ),
      )}
    </ul>
  );
}

function LiveLine({ batch, onChange }: { batch: BatchLine; onChange: (shown: Shown) => void }) {
  const { data } = useBatchProgress(batch.batchId);
  const shown = data ? { ...data, totalVolume: data.inventorySummary?.totalVolume ?? 0 } : batch;
  const { status } = shown;
  const volume = shown.totalVolume;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the sum and the state are what others are told of
  useEffect(() => onChange(shown), [status, volume, onChange]);
  return <Line shown={shown} />;
}

function Line({ shown }: { shown: Shown }) {
  const { m, f } = useI18n();
  const { counts, status, paused, progress, totalVolume, batchId } = shown;
  const done = counts.completed + counts.failed;
  const name = m.batch.name(Date.parse(shown.createdAt));
  return (
    <li className="relative grid min-h-13 grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1.5 border-t border-line px-4 py-2.5 transition-colors last:rounded-b-card hover:bg-hover md:min-h-12 md:grid-cols-[minmax(0,1fr)_128px_168px_96px_76px] md:py-1.5">
      <Link href={`/batches/${batchId}`} className="font-medium wrap-anywhere after:absolute after:inset-0 md:truncate">
        {name}
      </Link>
      <span className="justify-self-start">
        <Badge status={status} paused={paused} />
      </span>
      <div className="col-span-full md:col-auto">
        <Bar
          thin
          status={status}
          paused={paused}
          progress={progress}
          counts={counts}
          label={name}
          spoken={m.batch.spoken(progress, done, counts.total)}
        />
      </div>
      <span className="figures text-end text-ink-3 max-md:hidden">{m.batch.of(done, counts.total)}</span>
      <span className="figures text-end max-md:hidden">{totalVolume ? f.roughly(totalVolume) : "–"}</span>
    </li>
  );
}
