import { memo, type ReactNode } from "react";
import { type I18n, useI18n } from "../../i18n";
import type { Upload } from "../../upload";
import { Button, IconButton } from "../base/Button";
import { useSecondsUntil } from "../base/browser";
import { FileName } from "../base/FileName";
import { Icon } from "../base/Icon";
import { useFilePreview } from "../photos/previews";
import { StatusIcon } from "../photos/StatusIcon";
import { Picture } from "../photos/Thumb";
import type { Refused } from "./intake";

interface UploadRowProps {
  upload: Upload;
  onRetry: (id: string) => void;
  onRemove: (id: string) => void;
}

/** One photo on its way: how far it is, or why it stopped and how to repeat it. Renders when this photo changes. */
export const UploadRow = memo(function UploadRow({ upload, onRetry, onRemove }: UploadRowProps) {
  const i18n = useI18n();
  const { m, f } = i18n;
  const { id, file, state, progress } = upload;
  const sending = state === "sending";
  const broken = state === "failed" || state === "retrying";
  const preview = useFilePreview(state === "refused" ? undefined : file);
  return (
    <Row
      name={file.name}
      bad={state === "refused"}
      preview={preview}
      below={sending ? <Line name={file.name} share={progress} /> : <Told upload={upload} />}
    >
      {sending && <span className="w-11 text-end">{f.percent(Math.floor(progress * 100))}</span>}
      {state === "done" && <StatusIcon status="DONE" label={m.upload.sent} />}
      {state === "waiting" && <StatusIcon status="PENDING" label={m.upload.waiting} />}
      {broken && (
        <Button size="smallOrIcon" aria-label={m.upload.againOf(file.name)} onClick={() => onRetry(id)}>
          <Icon name="retry" />
          <span className="max-md:hidden">{m.upload.again}</span>
        </Button>
      )}
      <IconButton
        aria-label={sending ? m.upload.stop(file.name) : m.upload.remove(file.name)}
        onClick={() => onRemove(id)}
      >
        <Icon name={sending ? "cross" : "bin"} />
      </IconButton>
    </Row>
  );
});

/** A file that this page itself does not take. */
export const RefusedRow = memo(function RefusedRow({
  refused,
  onRemove,
}: {
  refused: Refused;
  onRemove: (refused: Refused) => void;
}) {
  const { m } = useI18n();
  const { file, why } = refused;
  const told = why === "tooLarge" ? m.upload.tooLarge(file.size) : m.upload[why];
  return (
    <Row name={file.name} bad preview={null} below={<p className="text-xs text-failed-ink">{told}</p>}>
      <IconButton aria-label={m.upload.remove(file.name)} onClick={() => onRemove(refused)}>
        <Icon name="bin" />
      </IconButton>
    </Row>
  );
});

interface RowProps {
  name: string;
  bad: boolean;
  preview: string | null;
  below: ReactNode;
  children: ReactNode;
}

function Row({ name, bad, preview, below, children }: RowProps) {
  return (
    <li className="grid min-h-13 animate-fade grid-cols-[44px_minmax(0,1fr)_auto] items-center gap-3 border-line py-1.5 not-first:border-t">
      <span
        className={`photo-edge relative grid aspect-4/3 w-11 place-items-center overflow-hidden rounded-photo ${bad ? "bg-failed-soft text-failed-ink" : "bg-sunken text-ink-3"}`}
      >
        {preview ? <Picture src={preview} /> : <Icon name={bad ? "alert" : "camera"} />}
      </span>
      <div className="min-w-0">
        <FileName name={name} className="font-medium" />
        {below}
      </div>
      <div className="flex items-center gap-1.5 text-sm text-ink-2">{children}</div>
    </li>
  );
}

function Line({ name, share }: { name: string; share: number }) {
  const { m } = useI18n();
  const percent = Math.floor(share * 100);
  return (
    <div className="flex h-4 items-center">
      <div
        role="progressbar"
        aria-label={m.upload.progressOf(name)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        className="h-[3px] w-full overflow-hidden rounded-xs bg-sunken"
      >
        <i
          className="block h-full origin-left rounded-xs bg-processing transition-transform duration-(--duration-travel) ease-settle"
          style={{ transform: `scaleX(${share})` }}
        />
      </div>
    </div>
  );
}

function Told({ upload }: { upload: Upload }) {
  const i18n = useI18n();
  const seconds = useSecondsUntil(upload.nextAt);
  const bad = upload.state !== "done" && upload.state !== "waiting";
  return (
    <p className={`truncate text-xs ${bad ? "text-failed-ink" : "text-ink-3"}`}>{sentence(i18n, upload, seconds)}</p>
  );
}

function sentence({ m, f }: I18n, { state, progress, problem, file }: Upload, seconds: number | null): string {
  const percent = Math.floor(progress * 100);
  switch (state) {
    case "retrying":
      return seconds === null ? m.upload.cut(percent) : m.upload.cutAgain(percent, seconds);
    case "failed":
      return problem?.status === 0 ? m.upload.cut(percent) : m.upload.failed;
    case "refused":
      return refusal(m, problem?.slug ?? "", file);
    default:
      return `${f.megabytes(file.size)} · ${state === "done" ? m.upload.sent : m.upload.waiting}`;
  }
}

function refusal(m: I18n["m"], slug: string, file: File): string {
  if (slug === "photo-too-large") return m.upload.tooLarge(file.size);
  if (slug === "quota-exceeded") return m.upload.quota;
  if (slug === "empty-photo" || slug === "photo-empty") return m.upload.empty;
  return slug.startsWith("photo-") || slug.includes("type") ? m.upload.type : m.upload.failed;
}
