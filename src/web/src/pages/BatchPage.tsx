import { lazy, Suspense, useEffect, useId, useState } from "react";
import { readBatchInventory } from "../api";
import type { Inventory, Snapshot } from "../api/schema";
import { Badge } from "../components/base/Badge";
import { useMedia, WIDE } from "../components/base/browser";
import { Icon } from "../components/base/Icon";
import { Notice } from "../components/base/Notice";
import { Answer } from "../components/inventory/Answer";
import { ByRoom } from "../components/inventory/ByRoom";
import { InventoryPanel } from "../components/inventory/InventoryPanel";
import { usePhotoBoard } from "../components/photos/board";
import { Announcer } from "../components/progress/Announcer";
import type { Filter } from "../components/progress/Counters";
import { LiveIndicator } from "../components/progress/LiveIndicator";
import { RunCard } from "../components/progress/RunCard";
import { isFinished, titleOf } from "../components/progress/state";
import { Trouble } from "../components/progress/Trouble";
import { type I18n, useI18n } from "../i18n";
import { Link, replace } from "../router";
import { type BatchProgress, useBatchProgress } from "../stream";
import { BatchButtons } from "./BatchButtons";
import { BatchPhotos } from "./BatchPhotos";
import { isDeveloper } from "./developer";
import { FailureNotice } from "./FailureNotice";
import { useProjectName } from "./projectName";
import { Crumb, Head, Shell } from "./Shell";
import { signInAddress } from "./session";
import { Nothing } from "./UnknownPage";
import { useBatchActions } from "./useBatchActions";
import { useOpenPhoto } from "./useOpenPhoto";

const DeveloperPanel = lazy(() => import("./DeveloperPanel"));

export function BatchPage({ batchId }: { batchId: string }) {
  const i18n = useI18n();
  const progress = useBatchProgress(batchId);
  const { data, connection } = progress;
  useTitle(i18n, data);
  const status = connection.phase === "refused" ? connection.problem.status : null;
  const signedOut = status === 401 && !data;
  useEffect(() => {
    if (signedOut) replace(signInAddress());
  }, [signedOut]);
  const gone = status === 404;
  return (
    <Shell>
      {gone ? <Nothing {...i18n.m.trouble.gone} /> : <Batch batchId={batchId} progress={progress} />}
      {isDeveloper() && (
        <Suspense fallback={null}>
          <DeveloperPanel connection={connection} />
        </Suspense>
      )}
    </Shell>
  );
}

function Batch({ batchId, progress }: { batchId: string; progress: BatchProgress }) {
  const { m } = useI18n();
  const titleId = useId();
  const { data, connection, lastUpdate } = progress;
  const actions = useBatchActions(batchId, progress);
  const [filter, setFilter] = useState<Filter | null>(null);
  return (
    <>
      <Trail data={data} />
      <Head
        titleId={titleId}
        title={titleOf(m, data)}
        beside={data && <Badge status={data.status} paused={data.paused} />}
      >
        <LiveIndicator connection={connection} />
        {data && connection.phase !== "lost" && connection.phase !== "refused" && (
          <BatchButtons data={data} actions={actions} />
        )}
      </Head>
      <Announcer progress={data} connection={connection} />
      <RunCard
        progress={data}
        connection={connection}
        lastUpdate={lastUpdate}
        labelledBy={titleId}
        filter={filter}
        onFilter={data ? setFilter : undefined}
      />
      <Trouble connection={connection} lastUpdate={lastUpdate} onRetry={progress.retry} signInAt={signInAddress()} />
      {actions.failed && (
        <Notice status="ERROR" title={m.trouble.other.title}>
          <p>{m.trouble.other.text}</p>
        </Notice>
      )}
      {data && <FailureNotice data={data} onFilter={setFilter} onRetryAll={actions.retryAll} busy={actions.busy} />}
      {data && <Content data={data} filter={filter} onFilter={setFilter} onRetryPhoto={actions.retryOne} />}
    </>
  );
}

function Trail({ data }: { data: Snapshot | null }) {
  const { m } = useI18n();
  const name = useProjectName(data?.projectId);
  return (
    <Crumb>
      {data ? (
        <>
          <Link href={name ? `/projects/${data.projectId}` : "/"} className="max-w-[60vw] truncate">
            {name ?? m.nav.moves}
          </Link>
          <Icon name="right" />
          <span className="whitespace-nowrap">{m.batch.name(Date.parse(data.createdAt))}</span>
        </>
      ) : (
        <Link href="/">{m.nav.moves}</Link>
      )}
    </Crumb>
  );
}

interface ContentProps {
  data: Snapshot;
  filter: Filter | null;
  onFilter: (filter: Filter | null) => void;
  onRetryPhoto: (photoId: string) => void;
}

/** While it runs: photos, the open one, the inventory so far. At the end: the answer first, then the rooms, then the photos. */
function Content({ data, filter, onFilter, onRetryPhoto }: ContentProps) {
  const wide = useMedia(WIDE);
  const board = usePhotoBoard(data.photos);
  const openPhoto = useOpenPhoto(data);
  const finished = isFinished(data.status);
  const [sawItRun, see] = useState(!finished);
  if (!finished && !sawItRun) see(true);
  const photos = { board, filter, onFilter, openPhoto, onRetryPhoto, wide };
  const left = data.counts.queued + data.counts.processing;
  if (!finished) {
    return (
      <BatchPhotos
        key="running"
        {...photos}
        total={data.counts.total}
        volume={data.inventorySummary?.totalVolume ?? 0}
        inventory={<InventoryPanel summary={data.inventorySummary} left={left} finished={false} />}
      />
    );
  }
  return (
    <>
      {data.inventorySummary && <Result data={data} fresh={sawItRun} onOpen={openPhoto.open} />}
      <BatchPhotos key="finished" {...photos} total={data.counts.total} volume={0} inventory={null} />
    </>
  );
}

function Result({ data, fresh, onOpen }: { data: Snapshot; fresh: boolean; onOpen: (id: string) => void }) {
  const { m } = useI18n();
  const inventory = useInventory(data);
  if (!data.inventorySummary) return null;
  return (
    <>
      <Answer
        summary={data.inventorySummary}
        inventory={inventory}
        counted={data.counts.completed}
        parts={data.inventorySummary.byRoom}
        fresh={fresh}
      >
        <Link
          href={`/projects/${data.projectId}`}
          className="inline-flex items-center gap-1 font-medium text-brand hover:underline"
        >
          {m.act.seeMove}
          <Icon name="right" />
        </Link>
      </Answer>
      {inventory && <ByRoom inventory={inventory} photos={data.photos} onOpen={onOpen} />}
    </>
  );
}

/** The range and the things by room, which the stream does not carry: read once a run, after its end. */
function useInventory({ batchId, eventId }: Snapshot): Inventory | null {
  const [inventory, setInventory] = useState<Inventory | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another event is another state of the batch
  useEffect(() => {
    const stop = new AbortController();
    readBatchInventory(batchId, stop.signal).then(setInventory, () => {}); // the volume stands without its range
    return () => stop.abort();
  }, [batchId, eventId]);
  return inventory;
}

/** "66 % · Lot du 14 mars · Roomtally" */
function useTitle({ m, f }: I18n, data: Snapshot | null): void {
  const percent = data ? f.percent(data.progress) : null;
  const name = data ? m.batch.name(Date.parse(data.createdAt)) : m.batch.running;
  useEffect(() => {
    document.title = [percent, name, "Roomtally"].filter(Boolean).join(" · ");
  }, [percent, name]);
}
