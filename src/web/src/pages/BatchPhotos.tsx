import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { CARD } from "../components/base/Card";
import { Dialog } from "../components/base/Dialog";
import { Segments } from "../components/base/Segments";
import { type PhotoBoard, usePhoto } from "../components/photos/board";
import { PhotoPanel } from "../components/photos/PhotoPanel";
import { Stage } from "../components/photos/Stage";
import type { Filter } from "../components/progress/Counters";
import { useI18n } from "../i18n";
import type { OpenPhoto } from "./useOpenPhoto";

interface BatchPhotosProps {
  board: PhotoBoard;
  filter: Filter | null;
  onFilter: (filter: Filter | null) => void;
  openPhoto: OpenPhoto;
  onRetryPhoto: (photoId: string) => void;
  wide: boolean;
  total: number;
  volume: number;
  /** The inventory so far, while it runs. */
  inventory: ReactNode;
}

type Tab = "photos" | "inventory";

/** The list, the open photo (a sheet on phones) and, while it runs, the inventory: beside one another, or in tabs on phones. */
export function BatchPhotos({
  board,
  filter,
  onFilter,
  openPhoto,
  onRetryPhoto,
  wide,
  total,
  volume,
  inventory,
}: BatchPhotosProps) {
  const [tab, setTab] = useState<Tab>("photos");
  const columns = inventory
    ? "md:grid-cols-[minmax(0,1fr)_300px] lg:grid-cols-[376px_minmax(0,1fr)_304px]"
    : "lg:grid-cols-[minmax(0,1fr)_560px]";
  const focused = useKeptFocus();
  const tabbed = !wide && inventory !== null;
  return (
    <div ref={focused}>
      {tabbed && <Tabs tab={tab} onTab={setTab} total={total} volume={volume} />}
      <div className={`mt-3 grid items-start gap-4 md:mt-4 ${columns}`}>
        {(!tabbed || tab === "photos") && (
          <div className="min-w-0">
            <PhotoPanel
              board={board}
              filter={filter}
              onFilter={onFilter}
              openId={openPhoto.id}
              onOpen={openPhoto.open}
              onRetry={onRetryPhoto}
            />
          </div>
        )}
        <OpenStage
          board={board}
          openPhoto={openPhoto}
          onRetryPhoto={onRetryPhoto}
          wide={wide}
          detailed={openPhoto.chosen || !inventory}
        />
        {inventory && (!tabbed || tab === "inventory") && (
          <div className="min-w-0 md:sticky md:top-4 md:col-start-2 md:row-span-2 md:row-start-1 lg:col-start-3 lg:row-span-1">
            {inventory}
          </div>
        )}
      </div>
    </div>
  );
}

function Tabs({ tab, onTab, total, volume }: { tab: Tab; onTab: (tab: Tab) => void; total: number; volume: number }) {
  const { m, f } = useI18n();
  return (
    <Segments<Tab>
      className="mt-3 w-full [&>button]:h-10 [&>button]:flex-1 [&>button]:text-base"
      label={m.photos.view}
      value={tab}
      onChange={onTab}
      options={[
        {
          value: "photos",
          content: (
            <span>
              {m.photos.title}&nbsp;<b className="font-semibold">{f.whole(total)}</b>
            </span>
          ),
        },
        {
          value: "inventory",
          content: (
            <span>
              {m.inventory.title}&nbsp;<b className="font-semibold text-kraft-ink">{f.roughly(volume)}</b>
            </span>
          ),
        },
      ]}
    />
  );
}

interface OpenStageProps {
  board: PhotoBoard;
  openPhoto: OpenPhoto;
  onRetryPhoto: (photoId: string) => void;
  wide: boolean;
  detailed: boolean;
}

function OpenStage({ board, openPhoto, onRetryPhoto, wide, detailed }: OpenStageProps) {
  const { m } = useI18n();
  const titleId = useId();
  const place = useRef<HTMLElement>(null);
  const photo = usePhoto(board, openPhoto.id ?? "");
  const stage = photo && (
    <Stage
      photo={photo}
      detailed={detailed}
      onStep={openPhoto.step}
      onRetry={onRetryPhoto}
      titleId={titleId}
      onClose={wide ? undefined : openPhoto.close}
    />
  );
  if (!photo && detailed) return null; // nothing was counted, and nothing was chosen
  if (!wide) {
    return (
      <Dialog
        open={openPhoto.chosen && photo !== undefined}
        onClose={openPhoto.close}
        labelledBy={titleId}
        sheet
        className="overflow-auto"
      >
        {stage}
      </Dialog>
    );
  }
  return (
    <section
      ref={place}
      className={`${CARD} overflow-hidden md:col-start-1 lg:sticky lg:top-4 lg:col-start-2`}
      aria-labelledby={photo ? titleId : undefined}
    >
      {stage ?? (
        <p className="mt-12 grid aspect-4/3 place-items-center border-t border-line bg-sunken p-6 text-center text-sm text-ink-3">
          {m.photos.choose}
        </p>
      )}
    </section>
  );
}

let lastFocused: string | null = null;

/** At the finish the list takes another place on the page: the focus stays on the photo where it was. */
function useKeptFocus() {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const remembered = lastFocused;
    if (remembered && document.activeElement === document.body) {
      root.current
        ?.querySelector<HTMLElement>(`[data-photo="${CSS.escape(remembered)}"]`)
        ?.focus({ preventScroll: true });
    }
    const remember = (event: FocusEvent) => {
      lastFocused = event.target instanceof HTMLElement ? event.target.getAttribute("data-photo") : null;
    };
    document.addEventListener("focusin", remember);
    return () => document.removeEventListener("focusin", remember);
  }, []);
  return root;
}
