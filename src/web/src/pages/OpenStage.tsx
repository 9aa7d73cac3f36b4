import { useId, useRef } from "react";
import { CARD } from "../components/base/Card";
import { Dialog } from "../components/base/Dialog";
import { Movable } from "../components/base/Movable";
import { type PhotoBoard, usePhoto } from "../components/photos/board";
import type { Corrector } from "../components/photos/PhotoItems";
import { Stage } from "../components/photos/Stage";
import { useI18n } from "../i18n";
import type { OpenPhoto } from "./useOpenPhoto";

interface OpenStageProps {
  board: PhotoBoard;
  openPhoto: OpenPhoto;
  onRetryPhoto: (photoId: string) => void;
  corrector: Corrector;
  wide: boolean;
  detailed: boolean;
}

/** The open photo, in a card beside the list or, on phones, in a sheet: the same one in both, so that a window may become wide or narrow at any time. */
export function OpenStage({ board, openPhoto, onRetryPhoto, corrector, wide, detailed }: OpenStageProps) {
  const { m } = useI18n();
  const titleId = useId();
  const [card, sheet] = [useRef<HTMLElement>(null), useRef<HTMLDialogElement>(null)];
  const photo = usePhoto(board, openPhoto.id ?? "");
  const { id, chosen, open, step, close } = openPhoto;
  // nothing was counted, and nothing was chosen
  const bare = !photo && detailed;
  return (
    <>
      <section
        ref={card}
        hidden={!wide || bare}
        className={`${CARD} overflow-hidden md:col-start-1 lg:sticky lg:top-4 lg:col-start-2`}
        aria-labelledby={photo ? titleId : undefined}
      >
        {!photo && (
          <p className="mt-12 grid aspect-4/3 place-items-center border-t border-line bg-sunken p-6 text-center text-sm text-ink-3">
            {m.photos.choose}
          </p>
        )}
      </section>
      <Dialog
        ref={sheet}
        open={!wide && chosen && photo !== undefined}
        onClose={close}
        labelledBy={titleId}
        sheet
        className="overflow-auto"
      />
      <Movable into={wide ? card : sheet}>
        {photo && (
          // biome-ignore lint/a11y/noStaticElementInteractions: what somebody is busy with is chosen: in a window that becomes narrow its sheet is open
          <div onFocus={() => !chosen && id && open(id)}>
            <Stage
              photo={photo}
              detailed={detailed}
              onStep={step}
              onRetry={onRetryPhoto}
              corrector={corrector}
              titleId={titleId}
              onClose={wide ? undefined : close}
            />
          </div>
        )}
      </Movable>
    </>
  );
}
