import { useCallback, useEffect, useState } from "react";
import { listBatches, listProjects } from "../api";
import type { BatchLine, Project } from "../api/schema";
import { Button } from "../components/base/Button";
import { CARD } from "../components/base/Card";
import { Empty, Skeleton } from "../components/base/Empty";
import { Icon } from "../components/base/Icon";
import { Notice } from "../components/base/Notice";
import { LiveIndicator } from "../components/progress/LiveIndicator";
import { isFinished } from "../components/progress/state";
import { UploadPanel } from "../components/upload/UploadPanel";
import { useI18n } from "../i18n";
import { go } from "../router";
import { useBatchProgress } from "../stream";
import { NewMove } from "./NewMove";
import { ProjectCard } from "./ProjectCard";
import { rememberProjects } from "./projectName";
import { Head, Shell } from "./Shell";
import { useLoaded } from "./useLoaded";

interface Moves {
  projects: readonly Project[];
  batches: readonly BatchLine[];
  /** Where the next pages begin; null at the end. */
  nextProjects: string | null;
  nextBatches: string | null;
}

const PAGE = 50;

async function loadMoves(signal: AbortSignal): Promise<Moves> {
  const [projects, batches] = await Promise.all([
    listProjects({ limit: PAGE, signal }),
    listBatches({ limit: PAGE, signal }),
  ]);
  rememberProjects(projects.items);
  return { projects: projects.items, batches: batches.items, nextProjects: projects.next, nextBatches: batches.next };
}

async function loadMore(before: Moves): Promise<Moves> {
  const none = Promise.resolve({ items: [], next: null });
  const [projects, batches] = await Promise.all([
    before.nextProjects ? listProjects({ limit: PAGE, cursor: before.nextProjects }) : none,
    before.nextBatches ? listBatches({ limit: PAGE, cursor: before.nextBatches }) : none,
  ]);
  rememberProjects(projects.items);
  return {
    projects: [...before.projects, ...projects.items],
    batches: [...before.batches, ...batches.items],
    nextProjects: projects.next,
    nextBatches: batches.next,
  };
}

export function HomePage() {
  const { m } = useI18n();
  const { data, problem, reload } = useLoaded(loadMoves);
  const [more, setMore] = useState<Moves | null>(null);
  const [asking, ask] = useState(false);
  const moves = more ?? data;
  useEffect(() => {
    document.title = `${m.home.title} · Roomtally`;
  }, [m]);
  const open = moves?.batches.find((batch) => !isFinished(batch.status));
  function made(project: Project) {
    ask(false);
    if (moves) setMore({ ...moves, projects: [project, ...moves.projects] });
    window.history.replaceState(null, "", `/?move=${project.id}`);
  }
  return (
    <Shell home>
      <Head title={m.home.title}>
        {open && <Live batchId={open.batchId} />}
        <Button onClick={() => ask(true)}>
          <Icon name="plus" />
          {m.home.newMove}
        </Button>
      </Head>
      <NewMove open={asking} onClose={() => ask(false)} onMade={made} />
      {problem && !moves && (
        <Notice status="ERROR" title={m.trouble.other.title} actions={<Button onClick={reload}>{m.act.tryNow}</Button>}>
          <p>{m.trouble.other.text}</p>
        </Notice>
      )}
      {!moves && !problem && <Waiting />}
      {moves && (
        <MoveList moves={moves} onMore={() => void loadMore(moves).then(setMore, () => {})} onNew={() => ask(true)} />
      )}
    </Shell>
  );
}

function Live({ batchId }: { batchId: string }) {
  return <LiveIndicator connection={useBatchProgress(batchId).connection} />;
}

function MoveList({ moves, onMore, onNew }: { moves: Moves; onMore: () => void; onNew: () => void }) {
  const { m } = useI18n();
  const { projects, batches, nextProjects, nextBatches } = moves;
  const [chosen, choose] = useState<string | null>(null);
  const wished = useWishedMove();
  const projectId =
    [chosen, wished, projects[0]?.id].find((id) => projects.some((project) => project.id === id)) ?? null;
  const onMade = useCallback((batch: { batchId: string }) => go(`/batches/${batch.batchId}`), []);
  if (!projects.length) return <FirstMove onNew={onNew} />;
  return (
    <>
      <UploadPanel projects={projects} projectId={projectId} onProject={choose} onMade={onMade} />
      {projects.map((project) => (
        <ProjectCard
          key={project.id}
          project={project}
          batches={batches.filter((batch) => batch.projectId === project.id)}
          complete={nextBatches === null}
        />
      ))}
      {(nextProjects || nextBatches) && (
        <p className="mt-4 text-center">
          <Button onClick={onMore}>{m.home.more}</Button>
        </p>
      )}
    </>
  );
}

/** `/?move=<id>`: from a batch or a move, to add photos to it. */
function useWishedMove(): string | null {
  return new URLSearchParams(window.location.search).get("move");
}

function FirstMove({ onNew }: { onNew: () => void }) {
  const { m } = useI18n();
  return (
    <div className={CARD}>
      <Empty title={m.home.firstTitle}>
        <p>{m.home.firstText}</p>
        <Button look="go" onClick={onNew}>
          <Icon name="plus" />
          {m.home.newMove}
        </Button>
      </Empty>
    </div>
  );
}

/** Grey, where the cards will be. */
function Waiting() {
  const { m } = useI18n();
  return (
    <div aria-busy="true">
      <p className="sr-only" role="status">
        {m.home.loading}
      </p>
      <div className={`${CARD} min-h-80`}>
        <div className="flex min-h-12 items-center border-b border-line px-4">
          <Skeleton>{m.upload.title}</Skeleton>
        </div>
      </div>
      <div className={`${CARD} mt-4 min-h-40 p-4`}>
        <Skeleton>{m.home.title}</Skeleton>
      </div>
    </div>
  );
}
