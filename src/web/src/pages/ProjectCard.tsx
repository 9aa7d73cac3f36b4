import { useCallback, useState } from "react";
import type { BatchLine, Project } from "../api/schema";
import { CARD } from "../components/base/Card";
import { useI18n } from "../i18n";
import { Link } from "../router";
import { BatchLines, type Shown } from "./BatchLines";

interface ProjectCardProps {
  project: Project;
  batches: readonly BatchLine[];
  /** All batches are in the list, so that a sum of them is true. */
  complete: boolean;
}

/** One move with its batches and their volume together. */
export function ProjectCard({ project, batches, complete }: ProjectCardProps) {
  const { m, f } = useI18n();
  const [live, setLive] = useState<Readonly<Record<string, number>>>({});
  const onChange = useCallback(
    ({ batchId, totalVolume }: Shown) =>
      setLive((before) => (before[batchId] === totalVolume ? before : { ...before, [batchId]: totalVolume })),
    [],
  );
  const photos = batches.reduce((sum, batch) => sum + batch.counts.total, 0);
  const volume = batches.reduce((sum, batch) => sum + (live[batch.batchId] ?? batch.totalVolume), 0);
  return (
    <article className={`${CARD} mt-4`} aria-labelledby={`move-${project.id}`}>
      <div className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 px-4 py-3.5">
        <div className="min-w-0">
          <h2 id={`move-${project.id}`} className="text-md font-semibold tracking-[-0.01em] wrap-anywhere">
            <Link href={`/projects/${project.id}`} className="hover:underline hover:underline-offset-3">
              {project.name}
            </Link>
          </h2>
          <p className="text-xs text-ink-3">
            {batches.length ? `${m.count.batches(batches.length)} · ${m.count.photos(photos)}` : m.home.noBatch}
          </p>
        </div>
        {complete && (
          <p className={`figures text-end text-lg font-semibold tracking-tight ${volume ? "" : "text-ink-3"}`}>
            {f.headline(volume)} <small className="text-base font-normal text-ink-2">m³</small>
          </p>
        )}
      </div>
      {batches.length ? (
        <BatchLines batches={batches} onChange={onChange} />
      ) : (
        <p className="border-t border-line px-4 py-5 text-center text-sm text-balance text-ink-3">{m.home.emptyMove}</p>
      )}
    </article>
  );
}
