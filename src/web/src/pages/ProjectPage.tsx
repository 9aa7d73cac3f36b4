import { useCallback, useEffect } from "react";
import { listBatches, readProject, readProjectInventory } from "../api";
import type { BatchLine, Inventory, Project } from "../api/schema";
import { Button, buttonClass } from "../components/base/Button";
import { CARD, CardHead } from "../components/base/Card";
import { Empty, Skeleton } from "../components/base/Empty";
import { Icon } from "../components/base/Icon";
import { Notice } from "../components/base/Notice";
import { Answer } from "../components/inventory/Answer";
import { ByRoom } from "../components/inventory/ByRoom";
import { isFinished } from "../components/progress/state";
import { useI18n } from "../i18n";
import { Link } from "../router";
import { BatchLines, type Shown } from "./BatchLines";
import { rememberProjects } from "./projectName";
import { Crumb, Head, Shell } from "./Shell";
import { Nothing } from "./UnknownPage";
import { useLoaded } from "./useLoaded";

const MOST = 100; // batches of one move in the list

interface Move {
  project: Project;
  inventory: Inventory;
  batches: readonly BatchLine[];
}

async function loadMove(id: string, signal: AbortSignal): Promise<Move> {
  const [project, inventory, batches] = await Promise.all([
    readProject(id, signal),
    readProjectInventory(id, signal),
    listBatches({ projectId: id, limit: MOST, signal }),
  ]);
  rememberProjects([project]);
  return { project, inventory, batches: batches.items };
}

/** The inventory of a whole move: the volume with its range, the truck, each room, and the batches it comes from. */
export function ProjectPage({ projectId }: { projectId: string }) {
  const { m } = useI18n();
  const load = useCallback((signal: AbortSignal) => loadMove(projectId, signal), [projectId]);
  const { data, problem, reload } = useLoaded(load);
  const name = data?.project.name;
  useEffect(() => {
    document.title = `${name ?? m.home.title} · Roomtally`;
  }, [name, m]);
  if (problem?.status === 404) {
    return (
      <Shell>
        <Nothing {...m.trouble.moveGone} />
      </Shell>
    );
  }
  return (
    <Shell>
      <Crumb>
        <Link href="/">{m.nav.moves}</Link>
      </Crumb>
      <Head title={name ?? <Skeleton>{m.home.newMove}</Skeleton>}>
        <Link className={buttonClass()} href={`/?move=${projectId}`}>
          <Icon name="camera" />
          {m.act.addPhotos}
        </Link>
      </Head>
      {problem && !data && (
        <Notice status="ERROR" title={m.trouble.other.title} actions={<Button onClick={reload}>{m.act.tryNow}</Button>}>
          <p>{m.trouble.other.text}</p>
        </Notice>
      )}
      {!data && !problem && <Waiting />}
      {data && <MoveContent {...data} onFinished={reload} />}
    </Shell>
  );
}

function MoveContent({ inventory, batches, onFinished }: Move & { onFinished: () => void }) {
  const { m } = useI18n();
  const open = batches
    .filter((batch) => !isFinished(batch.status))
    .map((batch) => batch.batchId)
    .join(" ");
  const onChange = useCallback(
    (shown: Shown) => {
      if (isFinished(shown.status) && open.includes(shown.batchId)) onFinished();
    },
    [open, onFinished],
  );
  const counted = batches.reduce((sum, batch) => sum + batch.counts.completed, 0);
  return (
    <>
      {inventory.totalItems > 0 ? (
        <>
          <Answer summary={inventory} inventory={inventory} counted={counted} parts={inventory.byRoom} />
          <ByRoom inventory={inventory} />
        </>
      ) : (
        <div className={CARD}>
          <Empty title={m.project.nothing}>
            <p>{m.project.nothingText}</p>
          </Empty>
        </div>
      )}
      {batches.length > 0 && (
        <section className={`${CARD} mt-4 [&_li:first-child]:border-t-0`} aria-labelledby="batches-title">
          <CardHead id="batches-title" title={m.project.batches}>
            <span className="text-ink-3">{batches.length}</span>
          </CardHead>
          <BatchLines batches={batches} onChange={onChange} />
        </section>
      )}
    </>
  );
}

/** The answer's own size in grey. */
function Waiting() {
  const { m } = useI18n();
  return (
    <div aria-busy="true" className={`${CARD} mt-4 min-h-64 p-6`}>
      <p className="sr-only" role="status">
        {m.project.loading}
      </p>
      <Skeleton className="text-2xl">00,0 m³</Skeleton>
    </div>
  );
}
