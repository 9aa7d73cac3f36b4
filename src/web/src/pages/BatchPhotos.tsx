import { type ReactNode, useState } from "react";
import { useMedia, WIDE } from "../components/base/browser";
import { Segments } from "../components/base/Segments";
import type { PhotoBoard } from "../components/photos/board";
import type { Corrector } from "../components/photos/PhotoItems";
import { PhotoPanel } from "../components/photos/PhotoPanel";
import type { Filter } from "../components/progress/Counters";
import { useI18n } from "../i18n";
import { OpenStage } from "./OpenStage";
import type { OpenPhoto } from "./useOpenPhoto";

interface BatchPhotosProps {
  board: PhotoBoard;
  filter: Filter | null;
  onFilter: (filter: Filter | null) => void;
  openPhoto: OpenPhoto;
  onRetryPhoto: (photoId: string) => void;
  corrector: Corrector;
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
  corrector,
  total,
  volume,
  inventory,
}: BatchPhotosProps) {
  const [tab, setTab] = useState<Tab>("photos");
  const columns = inventory
    ? "md:grid-cols-[minmax(0,1fr)_300px] lg:grid-cols-[376px_minmax(0,1fr)_304px]"
    : "lg:grid-cols-[minmax(0,1fr)_560px]";
  const wide = useMedia(WIDE);
  const tabbed = !wide && inventory !== null;
  return (
    <div>
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
          corrector={corrector}
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
