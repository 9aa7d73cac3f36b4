import { lazy, type ReactNode, Suspense, useEffect, useId, useState } from "react";
import { readBatchInventory } from "../api";
import type { Inventory, Snapshot } from "../api/schema";
import { Badge } from "../components/base/Badge";
import { Icon } from "../components/base/Icon";
import { Notice } from "../components/base/Notice";
import { Answer } from "../components/inventory/Answer";
import { ByRoom } from "../components/inventory/ByRoom";
import { InventoryPanel } from "../components/inventory/InventoryPanel";
import { usePhotoBoard } from "../components/photos/board";
import type { Corrector } from "../components/photos/PhotoItems";
import type { Filter } from "../components/progress/Counters";
import { LiveIndicator } from "../components/progress/LiveIndicator";
import { Progress } from "../components/progress/Progress";
import { isFinished, titleOf } from "../components/progress/state";
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
import { useCorrector } from "./useCorrector";
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
  const corrector = useCorrector(progress);
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
      <Progress
        progress={data}
        connection={connection}
        lastUpdate={lastUpdate}
        titleId={titleId}
        filter={filter}
        onFilter={data ? setFilter : undefined}
        onRetry={progress.retry}
        signInAt={signInAddress()}
      />
      {actions.failed && (
        <Notice status="ERROR" title={m.trouble.other.title}>
          <p>{m.trouble.other.text}</p>
        </Notice>
      )}
      {data && (
        <Content data={data} filter={filter} onFilter={setFilter} onRetryPhoto={actions.retryOne} corrector={corrector}>
          <FailureNotice data={data} onFilter={setFilter} onRetryAll={actions.retryAll} busy={actions.busy} />
        </Content>
      )}
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
  corrector: Corrector;
  /** What is to be said at the end, above the answer. */
  children: ReactNode;
}

/** While it runs: photos, the open one, the inventory so far. At the end: the answer first, then the rooms, then the photos. */
function Content({ data, filter, onFilter, onRetryPhoto, corrector, children }: ContentProps) {
  const board = usePhotoBoard(data.photos);
  const openPhoto = useOpenPhoto(data);
  const finished = isFinished(data.status);
  const [sawItRun, see] = useState(!finished);
  if (!finished && !sawItRun) see(true);
  const inventory = useInventory(data, finished);
  const waits = finished && inventory === "waited for";
  const running = !finished || (waits && sawItRun);
  const left = data.counts.queued + data.counts.processing;
  return (
    <>
      {!running && children}
      {!running && <Result data={data} inventory={inventory} fresh={sawItRun} onOpen={openPhoto.open} />}
      {(running || !waits) && ( // the same one while it runs and after: what is open in it stays open
        <BatchPhotos
          board={board}
          filter={filter}
          onFilter={onFilter}
          openPhoto={openPhoto}
          onRetryPhoto={onRetryPhoto}
          corrector={corrector}
          total={data.counts.total}
          volume={data.inventorySummary?.totalVolume ?? 0}
          inventory={running ? <InventoryPanel summary={data.inventorySummary} left={left} finished={false} /> : null}
        />
      )}
    </>
  );
}

interface ResultProps {
  data: Snapshot;
  inventory: FinalInventory;
  fresh: boolean;
  onOpen: (photoId: string) => void;
}

function Result({ data, inventory, fresh, onOpen }: ResultProps) {
  const { m } = useI18n();
  if (!data.inventorySummary) return null;
  const known = typeof inventory === "string" ? null : inventory;
  return (
    <>
      <Answer
        summary={data.inventorySummary}
        inventory={known}
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
      {known && <ByRoom inventory={known} photos={data.photos} onOpen={onOpen} />}
    </>
  );
}

type FinalInventory = Inventory | "waited for" | "none";

/**
 * The range and the things by room, which the stream does not carry: read once a run, after its end. What stands below waits for it,
 * so that nothing is pushed down; after a correction the one before stands until the new one is there.
 */
function useInventory({ batchId, eventId, inventorySummary }: Snapshot, finished: boolean): FinalInventory {
  const [kept, keep] = useState<{ of: string; inventory: Inventory | null } | null>(null);
  const known = kept?.of === batchId ? kept : null;
  const wanted = finished && inventorySummary !== null;
  if (!finished && kept) keep(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another event is another inventory
  useEffect(() => {
    if (!wanted) return;
    const stop = new AbortController();
    readBatchInventory(batchId, stop.signal).then(
      (inventory) => keep({ of: batchId, inventory }),
      // the volume stands without its range, or with the one before
      () =>
        stop.signal.aborted || keep((before) => (before?.of === batchId ? before : { of: batchId, inventory: null })),
    );
    return () => stop.abort();
  }, [wanted, batchId, eventId]);
  if (!wanted) return "none";
  return known ? (known.inventory ?? "none") : "waited for";
}

/** "66 % · Lot du 14 mars · Roomtally" */
function useTitle({ m, f }: I18n, data: Snapshot | null): void {
  const percent = data ? f.percent(data.progress) : null;
  const name = data ? m.batch.name(Date.parse(data.createdAt)) : m.batch.running;
  useEffect(() => {
    document.title = [percent, name, "Roomtally"].filter(Boolean).join(" · ");
  }, [percent, name]);
}
