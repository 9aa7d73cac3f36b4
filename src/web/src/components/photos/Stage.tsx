import { useId, useState } from "react";
import type { Photo } from "../../api/schema";
import { useI18n } from "../../i18n";
import { Button, IconButton } from "../base/Button";
import { Empty } from "../base/Empty";
import { FileName } from "../base/FileName";
import { Icon } from "../base/Icon";
import { ItemFoot } from "./ItemFoot";
import { ItemList } from "./ItemList";
import type { Corrector, ItemsView, PhotoItems } from "./PhotoItems";
import { RoomChip } from "./PhotoRow";
import { StagePhoto } from "./StagePhoto";
import { isReady, usePhotoItems } from "./usePhotoItems";

interface StageProps {
  photo: Photo;
  /** Ask the service what is on it; false while nobody has asked for this photo. */
  detailed: boolean;
  onStep: (by: 1 | -1) => void;
  onRetry?: ((id: string) => void) | undefined;
  /** Told of corrections; stays the same object. */
  corrector: Corrector;
  /** In a sheet: it can be closed. */
  onClose?: (() => void) | undefined;
  titleId?: string;
}

/** One photo, large, with a box around each thing and the things in a list: hover, focus or tap one and the other lights up. */
export function Stage({ photo, detailed, onStep, onRetry, corrector, onClose, titleId }: StageProps) {
  const { m } = useI18n();
  const ownId = useId();
  return (
    <>
      <div className="flex min-h-12 items-center gap-2 border-b border-line py-1.5 pr-2 pl-4">
        <h2 id={titleId ?? ownId} className="min-w-0 font-semibold">
          <FileName name={photo.filename} />
        </h2>
        {photo.roomType && <RoomChip room={photo.roomType} className="max-[24rem]:hidden" />}
        <span className="ms-auto" />
        <IconButton aria-label={m.photos.previous} onClick={() => onStep(-1)}>
          <Icon name="left" />
        </IconButton>
        <IconButton aria-label={m.photos.next} onClick={() => onStep(1)}>
          <Icon name="right" />
        </IconButton>
        {onClose && (
          <IconButton aria-label={m.photos.close} onClick={onClose}>
            <Icon name="close" />
          </IconButton>
        )}
      </div>
      <Content key={photo.id} photo={photo} detailed={detailed} onRetry={onRetry} corrector={corrector} />
    </>
  );
}

function Content({
  photo,
  detailed,
  onRetry,
  corrector,
}: Pick<StageProps, "photo" | "detailed" | "onRetry" | "corrector">) {
  const [chosen, choose] = useState<string | null>(null);
  const [view, book] = usePhotoItems(photo, detailed, corrector);
  return (
    <>
      <StagePhoto photo={photo} items={view.items} chosen={chosen} onChoose={choose} />
      {photo.status === "ERROR" && <Failed photo={photo} onRetry={onRetry} />}
      <Below photo={photo} view={view} book={book} chosen={chosen} onChoose={choose} />
      {(view.state === "known" || view.state === "loading") && <ItemFoot book={book} outcome={view.outcome} />}
    </>
  );
}

interface BelowProps {
  photo: Photo;
  view: ItemsView;
  book: PhotoItems;
  chosen: string | null;
  onChoose: (id: string | null) => void;
}

function Below({ photo, view, book, chosen, onChoose }: BelowProps) {
  const { m, f } = useI18n();
  if (!isReady(photo) && !view.items.length)
    return <Quiet>{photo.status === "PENDING" ? m.photos.waitingText : m.photos.workingText}</Quiet>;
  const known = view.state === "known";
  if (known ? !view.items.length : !photo.itemCount) {
    return photo.status === "ERROR" ? null : (
      <Empty title={m.photos.emptyTitle} level={3}>
        <p>{m.photos.emptyText}</p>
      </Empty>
    );
  }
  if (view.state === "failed") return <Quiet>{m.items.failed}</Quiet>;
  if (view.state === "none") return <Quiet>{`${m.count.items(photo.itemCount)} · ${f.volume(photo.volume)}`}</Quiet>;
  return <ItemList photo={photo} items={known ? view.items : null} book={book} chosen={chosen} onChoose={onChoose} />;
}

function Quiet({ children }: { children: string }) {
  return <p className="px-4 py-3.5 text-sm text-ink-3">{children}</p>;
}

function Failed({ photo, onRetry }: Pick<StageProps, "photo" | "onRetry">) {
  const { m, reason } = useI18n();
  return (
    <div className="flex flex-wrap items-center gap-3 px-4 py-3.5">
      <p className="min-w-48 flex-1 text-failed-ink wrap-anywhere">{reason(photo.error ?? "").long || m.photo.ERROR}</p>
      {onRetry && (
        <Button onClick={() => onRetry(photo.id)}>
          <Icon name="retry" />
          {m.act.retry}
        </Button>
      )}
    </div>
  );
}
