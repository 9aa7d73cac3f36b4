import { type ReactNode, useId, useState } from "react";
import type { Snapshot } from "../../api/schema";
import { type Language, LanguageProvider, useI18n } from "../../i18n";
import type { Connection } from "../../stream";
import { Badge } from "../base/Badge";
import { IconButton } from "../base/Button";
import { Dialog } from "../base/Dialog";
import { Icon } from "../base/Icon";
import { InventoryPanel } from "../inventory/InventoryPanel";
import { usePhotoBoard } from "../photos/board";
import { PhotoPanel } from "../photos/PhotoPanel";
import type { Filter } from "./Counters";
import { LiveIndicator } from "./LiveIndicator";
import { Progress } from "./Progress";
import { isFinished, titleOf } from "./state";

export interface BatchProgressBarProps {
  /** The newest state, `data` of `useBatchProgress`; null before the first. */
  progress: Snapshot | null;
  /** The photos with their states below the bar. */
  showPhotos?: boolean;
  /** `connection` of `useBatchProgress`: shows the live indicator, and what is wrong with the line. */
  connection?: Connection | undefined;
  lastUpdate?: number | null;
  /** `retry` of `useBatchProgress`. */
  onRetry?: (() => void) | undefined;
  onRetryPhoto?: ((photoId: string) => void) | undefined;
  /** Without it the browser's language. */
  language?: Language | undefined;
}

const nothing = () => {};

/** A batch as it moves, to stand anywhere in a page: the bar, four counters, the photos, and what they hold at the end. */
export function BatchProgressBar({ language, ...rest }: BatchProgressBarProps) {
  return (
    <Alone language={language}>
      <Inline {...rest} />
    </Alone>
  );
}

/** The same in a dialog that the person can close; the work goes on. */
export function BatchProgressModal({
  open,
  onClose,
  language,
  ...rest
}: BatchProgressBarProps & { open: boolean; onClose: () => void }) {
  return (
    <Alone language={language}>
      <Modal open={open} onClose={onClose} {...rest} />
    </Alone>
  );
}

/** It needs no provider of ours above it: in another page there is none. */
function Alone({ language, children }: { language: Language | undefined; children: ReactNode }) {
  const inner = <div className="roomtally">{children}</div>;
  return language ? <LanguageProvider language={language}>{inner}</LanguageProvider> : inner;
}

type PartProps = Omit<BatchProgressBarProps, "language">;

function Modal({ open, onClose, ...rest }: PartProps & { open: boolean; onClose: () => void }) {
  const { m } = useI18n();
  return (
    <Dialog
      open={open}
      onClose={onClose}
      label={m.modal.title}
      sheet
      className="max-h-[92dvh] overflow-auto bg-canvas md:max-w-3xl"
    >
      <div className="p-3 md:p-5">
        <Inline {...rest} onClose={onClose} />
      </div>
    </Dialog>
  );
}

function Inline({
  progress,
  showPhotos,
  connection,
  lastUpdate = null,
  onRetry,
  onRetryPhoto,
  onClose,
}: PartProps & { onClose?: () => void }) {
  const { m } = useI18n();
  const titleId = useId();
  const [filter, setFilter] = useState<Filter | null>(null);
  const board = usePhotoBoard(progress?.photos);
  const finished = progress !== null && isFinished(progress.status);
  const photos = showPhotos && progress !== null;
  return (
    <section aria-labelledby={titleId}>
      <div className="mb-3 flex min-h-8 flex-wrap items-center gap-x-3 gap-y-1">
        <h2 id={titleId} className="text-lg font-semibold tracking-tight">
          {titleOf(m, progress)}
        </h2>
        {progress && <Badge status={progress.status} paused={progress.paused} />}
        <span className="ms-auto flex items-center gap-2">
          {connection && <LiveIndicator connection={connection} />}
          {onClose && (
            <IconButton aria-label={m.act.close} onClick={onClose}>
              <Icon name="close" />
            </IconButton>
          )}
        </span>
      </div>
      <Progress
        progress={progress}
        connection={connection}
        lastUpdate={lastUpdate}
        titleId={titleId}
        filter={filter}
        onFilter={photos ? setFilter : undefined}
        onRetry={onRetry ?? nothing}
      />
      {photos && (
        <div className="mt-4">
          <PhotoPanel board={board} filter={filter} onFilter={setFilter} onRetry={onRetryPhoto} />
        </div>
      )}
      {finished && (
        <div className="mt-4 animate-fade">
          <InventoryPanel
            summary={progress.inventorySummary}
            left={progress.counts.queued + progress.counts.processing}
            finished
            titleId={`${titleId}-inventory`}
          />
        </div>
      )}
    </section>
  );
}
