import { type ReactNode, useCallback, useEffect, useEffectEvent, useRef, useState } from "react";
import type { Project, Snapshot } from "../../api/schema";
import { useI18n } from "../../i18n";
import { type Upload, useUploads } from "../../upload";
import { Button } from "../base/Button";
import { CARD, CardHead } from "../base/Card";
import { keepPreviews } from "../photos/previews";
import { DropZone } from "./DropZone";
import { type Refused, sorted } from "./intake";
import { RefusedRow, UploadRow } from "./UploadRow";

interface UploadPanelProps {
  projects: readonly Project[];
  projectId: string | null;
  onProject: (id: string) => void;
  onMade: (batch: Snapshot) => void;
}

/** A new batch: choose photos, see each of them go, and begin as soon as they are there. */
export function UploadPanel({ projects, projectId, onProject, onMade }: UploadPanelProps) {
  const { m } = useI18n();
  const queue = useUploads();
  const { uploads, isReady, add, remove, submit } = queue;
  const newest = useRef(queue);
  useEffect(() => {
    newest.current = queue;
  });
  const onRetry = useCallback((id: string) => newest.current.retry(id), []);
  const onRemove = useCallback((id: string) => newest.current.remove(id), []);
  const [refused, setRefused] = useState<readonly Refused[]>([]);
  const [start, setStart] = useState<"no" | "when ready" | "now" | "failed">("no");
  async function take(files: Iterable<File>) {
    const found = await sorted(files, newest.current.uploads.length);
    setRefused((before) => [...before, ...found.refused]);
    if (found.taken.length) add(found.taken);
  }
  const forget = useCallback((one: Refused) => setRefused((before) => before.filter((other) => other !== one)), []);
  function clear() {
    for (const { id } of uploads) remove(id);
    setRefused([]);
    setStart("no");
  }
  const ready = isReady || isReadyButForRefused(uploads);
  const begin = useEffectEvent(async () => {
    if (!projectId) return;
    setStart("now");
    const files = uploads.filter((upload) => upload.state === "done").map((upload) => upload.file);
    try {
      const batch = await submit(projectId);
      keepPreviews(
        batch.photos.map((photo) => photo.id),
        files,
      );
      for (const { id, state } of uploads) if (state === "refused") remove(id);
      onMade(batch);
    } catch {
      setStart("failed");
    }
  });
  useEffect(() => {
    if (start === "when ready" && ready) void begin();
  }, [start, ready]);
  const rows = uploads.length + refused.length;
  return (
    <section
      className={`${CARD} grid ${rows ? "md:grid-cols-[minmax(0,5fr)_minmax(0,7fr)]" : ""}`}
      aria-labelledby="upload-title"
    >
      <div className="col-span-full">
        <CardHead id="upload-title" title={m.upload.title}>
          {projects.length > 0 && <MoveSelect projects={projects} projectId={projectId} onProject={onProject} />}
        </CardHead>
      </div>
      <DropZone onFiles={(files) => void take(files)} />
      {rows > 0 && (
        <ul className="min-w-0 px-4 py-1 md:max-h-[436px] md:overflow-y-auto md:ps-0">
          {uploads.map((upload) => (
            <UploadRow key={upload.id} upload={upload} onRetry={onRetry} onRemove={onRemove} />
          ))}
          {refused.map((one) => (
            <RefusedRow key={one.id} refused={one} onRemove={forget} />
          ))}
        </ul>
      )}
      {rows > 0 && (
        <Foot uploads={uploads} failed={start === "failed"}>
          <Button onClick={clear} disabled={start === "now"}>
            {m.upload.clear}
          </Button>
          <Button
            look="go"
            disabled={!projectId || !uploads.length || start === "when ready" || start === "now"}
            onClick={() => setStart("when ready")}
          >
            {start === "now" || start === "when ready"
              ? m.upload.starting
              : ready
                ? m.upload.analyse
                : m.upload.whenReady}
          </Button>
        </Foot>
      )}
    </section>
  );
}

/** Refused ones hold nobody up: they will never be sent. */
function isReadyButForRefused(uploads: readonly Upload[]): boolean {
  const wanted = uploads.filter((upload) => upload.state !== "refused");
  return wanted.length > 0 && wanted.every((upload) => upload.state === "done");
}

function MoveSelect({ projects, projectId, onProject }: Omit<UploadPanelProps, "onMade">) {
  const { m } = useI18n();
  return (
    <select
      aria-label={m.upload.move}
      value={projectId ?? ""}
      onChange={(event) => onProject(event.target.value)}
      className="ms-auto h-10 max-w-full min-w-0 truncate rounded-control border border-line bg-surface px-2 font-medium max-md:w-full md:h-8 md:max-w-72"
    >
      {projects.map((project) => (
        <option key={project.id} value={project.id}>
          {project.name}
        </option>
      ))}
    </select>
  );
}

function Foot({ uploads, failed, children }: { uploads: readonly Upload[]; failed: boolean; children: ReactNode }) {
  const { m } = useI18n();
  const wanted = uploads.filter((upload) => upload.state !== "refused");
  const sent = wanted.filter((upload) => upload.state === "done").length;
  const bytes = wanted.reduce((sum, { file }) => sum + file.size, 0);
  const sentBytes = wanted.reduce((sum, { file, progress }) => sum + file.size * progress, 0);
  return (
    <div className="col-span-full flex flex-wrap items-center gap-x-4 gap-y-2 border-t border-line px-4 py-3">
      <p>
        <strong className="font-semibold">{m.upload.sentOf(sent, wanted.length)}</strong>
        <span className="text-ink-3"> · {m.upload.bytesOf(sentBytes, bytes)}</span>
      </p>
      <p role="status" className={`ms-auto text-xs ${failed ? "text-failed-ink" : "text-ink-3 max-md:hidden"}`}>
        {failed ? m.upload.notMade : sent < wanted.length ? m.upload.autoStart(wanted.length) : ""}
      </p>
      <div className="flex gap-2 max-md:w-full max-md:[&>*]:flex-1">{children}</div>
    </div>
  );
}
