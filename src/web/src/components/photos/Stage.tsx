import { useId, useState } from "react";
import type { FoundItem } from "../../api";
import type { Photo } from "../../api/schema";
import { useI18n } from "../../i18n";
import { Button, IconButton } from "../base/Button";
import { Empty } from "../base/Empty";
import { FileName } from "../base/FileName";
import { Icon } from "../base/Icon";
import { ItemTable } from "./ItemTable";
import { RoomChip } from "./PhotoRow";
import { StagePhoto } from "./StagePhoto";
import { type Items, usePhotoItems } from "./usePhotoItems";

interface StageProps {
  photo: Photo;
  /** Ask the service what is on it; false while nobody has asked for this photo. */
  detailed: boolean;
  onStep: (by: 1 | -1) => void;
  onRetry?: ((id: string) => void) | undefined;
  /** In a sheet: it can be closed. */
  onClose?: (() => void) | undefined;
  titleId?: string;
}

const NONE: readonly FoundItem[] = [];

/** One photo, large, with a box around each thing and the things in a table: hover, focus or tap one and the other lights up. */
export function Stage({ photo, detailed, onStep, onRetry, onClose, titleId }: StageProps) {
  const { m } = useI18n();
  const ownId = useId();
  const [chosen, choose] = useState<string | null>(null);
  const items = usePhotoItems(photo, detailed);
  const known = items.state === "known" ? items.items : NONE;
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
      <StagePhoto key={photo.id} photo={photo} items={known} chosen={chosen} onChoose={choose} />
      <Below photo={photo} items={items} chosen={chosen} onChoose={choose} onRetry={onRetry} />
    </>
  );
}

interface BelowProps {
  photo: Photo;
  items: Items;
  chosen: string | null;
  onChoose: (id: string | null) => void;
  onRetry: StageProps["onRetry"];
}

function Below({ photo, items, chosen, onChoose, onRetry }: BelowProps) {
  const { m, f } = useI18n();
  if (photo.status === "ERROR") return <Failed photo={photo} onRetry={onRetry} />;
  if (photo.status !== "DONE")
    return <Quiet>{photo.status === "PENDING" ? m.photos.waitingText : m.photos.workingText}</Quiet>;
  if (!photo.itemCount) {
    return (
      <Empty title={m.photos.emptyTitle} level={3}>
        <p>{m.photos.emptyText}</p>
      </Empty>
    );
  }
  if (items.state === "failed") return <Quiet>{m.items.failed}</Quiet>;
  if (items.state === "none") return <Quiet>{`${m.count.items(photo.itemCount)} · ${f.volume(photo.volume)}`}</Quiet>;
  const known = items.state === "known" ? items.items : null;
  return <ItemTable photo={photo} items={known} chosen={chosen} onChoose={onChoose} />;
}

function Quiet({ children }: { children: string }) {
  return <p className="px-4 py-3.5 text-sm text-ink-3">{children}</p>;
}

function Failed({ photo, onRetry }: Pick<BelowProps, "photo" | "onRetry">) {
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
