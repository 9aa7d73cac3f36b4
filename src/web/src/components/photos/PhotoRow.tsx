import { memo, useRef } from "react";
import type { Photo } from "../../api/schema";
import { useI18n } from "../../i18n";
import { Button } from "../base/Button";
import { FileName } from "../base/FileName";
import { Icon } from "../base/Icon";
import { type PhotoBoard, usePhoto } from "./board";
import { useFlash } from "./flash";
import { StatusIcon } from "./StatusIcon";
import { Thumb } from "./Thumb";

export interface PhotoEntryProps {
  board: PhotoBoard;
  id: string;
  current: boolean;
  onOpen?: ((id: string) => void) | undefined;
  onRetry?: ((id: string) => void) | undefined;
}

/** One photo in the list, 64 px high whatever it says. It renders when its own photo changes, and for nothing else. */
export const PhotoRow = memo(function PhotoRow({ board, id, current, onOpen, onRetry }: PhotoEntryProps) {
  const photo = usePhoto(board, id);
  const row = useRef<HTMLLIElement>(null);
  useFlash(row, photo?.status);
  if (!photo) return null;
  return (
    <li
      ref={row}
      aria-current={current || undefined}
      className="group relative grid min-h-16 contain-layout grid-cols-[64px_minmax(0,1fr)_auto] items-center gap-3 rounded-[9px] p-2 transition-colors aria-[current]:bg-brand-soft has-[button]:hover:not-aria-[current]:bg-hover"
    >
      {current && <span className="absolute inset-y-2.5 start-0 w-[3px] rounded-xs bg-brand" />}
      {onOpen && <OpenButton photo={photo} onOpen={onOpen} />}
      <Thumb photo={photo} />
      <div className="min-w-0">
        <FileName name={photo.filename} className="font-medium" />
        <p className="mt-px flex min-h-5 items-center gap-1.5 text-sm text-ink-3">
          <Told photo={photo} />
        </p>
      </div>
      <div className="flex items-center gap-2 pe-1.5">
        {onRetry && photo.status === "ERROR" && <RetryButton photo={photo} onRetry={onRetry} />}
        <StatusIcon status={photo.status} />
      </div>
    </li>
  );
});

function OpenButton({ photo, onOpen }: { photo: Photo; onOpen: (id: string) => void }) {
  const { m } = useI18n();
  return (
    <button
      type="button"
      data-photo={photo.id}
      aria-label={m.photos.open(photo.filename)}
      onClick={() => onOpen(photo.id)}
      className="absolute inset-0 rounded-[inherit] focus-visible:-outline-offset-2"
    />
  );
}

function RetryButton({ photo, onRetry }: { photo: Photo; onRetry: (id: string) => void }) {
  const { m } = useI18n();
  return (
    <Button
      size="smallOrIcon"
      className="relative"
      aria-label={m.act.retryOf(photo.filename)}
      onClick={() => onRetry(photo.id)}
    >
      <Icon name="retry" />
      <span className="max-md:hidden">{m.act.retry}</span>
    </Button>
  );
}

function Told({ photo }: { photo: Photo }) {
  const { m, reason } = useI18n();
  if (photo.status === "ERROR")
    return <span className="truncate text-failed-ink">{reason(photo.error ?? "").short || m.photo.ERROR}</span>;
  if (photo.status !== "DONE") return <span className="truncate">{m.photo[photo.status]}</span>;
  return <Counted photo={photo} />;
}

function Counted({ photo }: { photo: Photo }) {
  const { m, f } = useI18n();
  return (
    <>
      {photo.roomType && <RoomChip room={photo.roomType} />}
      <span className="truncate">
        {photo.itemCount ? (
          <>
            <span className="max-md:hidden">{m.count.items(photo.itemCount)} · </span>
            {f.volume(photo.volume)}
          </>
        ) : (
          m.count.items(0)
        )}
      </span>
    </>
  );
}

export function RoomChip({ room, className = "" }: { room: string; className?: string }) {
  const i18n = useI18n();
  return (
    <span
      className={`max-w-36 shrink-0 truncate rounded-[5px] bg-kraft-soft px-1.5 text-xs leading-[18px] text-kraft-ink ${className}`}
    >
      {i18n.room(room)}
    </span>
  );
}
