import { memo } from "react";
import { useI18n } from "../../i18n";
import { usePhoto } from "./board";
import type { PhotoEntryProps } from "./PhotoRow";
import { StatusIcon } from "./StatusIcon";
import { Thumb } from "./Thumb";

/** One photo of the contact sheet. A counted photo carries no mark: only the exceptions do. */
export const PhotoTile = memo(function PhotoTile({ board, id, current, onOpen }: Omit<PhotoEntryProps, "onRetry">) {
  const photo = usePhoto(board, id);
  const { m, reason } = useI18n();
  if (!photo) return null;
  const told = photo.status === "ERROR" ? reason(photo.error ?? "").short : m.photo[photo.status];
  return (
    <li
      aria-current={current || undefined}
      className="relative rounded-photo contain-layout aria-[current]:outline-2 aria-[current]:outline-offset-2 aria-[current]:outline-brand"
    >
      <Thumb photo={photo} />
      {(photo.status === "PROCESSING" || photo.status === "ERROR") && (
        <span className="absolute end-1 bottom-1 z-1 grid size-[18px] place-items-center rounded-full bg-surface shadow-[0_0_0_1px_oklch(0_0_0/0.08)]">
          <StatusIcon status={photo.status} className="size-3" />
        </span>
      )}
      {onOpen ? (
        <button
          type="button"
          data-photo={id}
          title={`${photo.filename} · ${told}`}
          aria-label={`${m.photos.open(photo.filename)}, ${told}`}
          onClick={() => onOpen(id)}
          className="absolute inset-0 rounded-[inherit]"
        />
      ) : (
        <span className="sr-only">{`${photo.filename}, ${told}`}</span>
      )}
    </li>
  );
});
