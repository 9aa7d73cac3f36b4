import { memo, useDeferredValue, useState } from "react";
import { useI18n } from "../../i18n";
import { Button } from "../base/Button";
import { CARD, CardHead } from "../base/Card";
import { Icon } from "../base/Icon";
import { Segments } from "../base/Segments";
import { type Filter, STATUS_OF } from "../progress/Counters";
import { type PhotoBoard, usePhotoIds } from "./board";
import { PhotoRow } from "./PhotoRow";
import { PhotoTile } from "./PhotoTile";

type View = "list" | "grid";
const MOST_IN_A_LIST = 40; // photos; more open as a contact sheet
const AT_ONCE = 48; // photos; more than fit a window

interface PhotoPanelProps {
  board: PhotoBoard;
  filter: Filter | null;
  onFilter: (filter: null) => void;
  openId?: string | null;
  onOpen?: ((id: string) => void) | undefined;
  onRetry?: ((id: string) => void) | undefined;
}

/** The photos in the order of upload, for ever. A filtered list keeps a photo that changes until the filter is set anew. */
export const PhotoPanel = memo(function PhotoPanel({
  board,
  filter,
  onFilter,
  openId = null,
  onOpen,
  onRetry,
}: PhotoPanelProps) {
  const { m, f } = useI18n();
  const ids = usePhotoIds(board);
  const [chosen, choose] = useState<View | null>(null);
  const view = chosen ?? (ids.length > MOST_IN_A_LIST ? "grid" : "list");
  const shown = useFiltered(board, ids, filter);
  const drawn = useDeferredValue(shown, shown.slice(0, AT_ONCE)); // the rest in between, so that no frame waits for 200
  return (
    <section className={CARD} aria-labelledby="photos-title">
      <CardHead id="photos-title" title={m.photos.title}>
        <span className="text-ink-3">{f.whole(shown.length)}</span>
        <Segments<View>
          className="ms-auto"
          label={m.photos.view}
          value={view}
          onChange={choose}
          options={[
            { value: "list", label: m.photos.list, content: <Icon name="list" /> },
            { value: "grid", label: m.photos.grid, content: <Icon name="grid" /> },
          ]}
        />
      </CardHead>
      {filter && !shown.length ? (
        <NoMatch filter={filter} onFilter={onFilter} />
      ) : view === "list" ? (
        <ul className="p-1">
          {drawn.map((id) => (
            <PhotoRow key={id} board={board} id={id} current={id === openId} onOpen={onOpen} onRetry={onRetry} />
          ))}
        </ul>
      ) : (
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(66px,1fr))] gap-2 p-3 md:grid-cols-[repeat(auto-fill,minmax(76px,1fr))]">
          {drawn.map((id) => (
            <PhotoTile key={id} board={board} id={id} current={id === openId} onOpen={onOpen} />
          ))}
        </ul>
      )}
    </section>
  );
});

/** Chosen when the filter was set, not when a photo changes: nothing is pulled away from under a finger. */
function useFiltered(board: PhotoBoard, ids: readonly string[], filter: Filter | null): readonly string[] {
  const [kept, keep] = useState<{ ids: readonly string[]; filter: Filter | null; shown: readonly string[] } | null>(
    null,
  );
  if (kept?.ids === ids && kept.filter === filter) return kept.shown;
  const shown = filter ? ids.filter((id) => board.photo(id)?.status === STATUS_OF[filter]) : ids;
  keep({ ids, filter, shown });
  return shown;
}

function NoMatch({ filter, onFilter }: { filter: Filter; onFilter: (filter: null) => void }) {
  const { m } = useI18n();
  return (
    <div className="grid justify-items-center gap-3 px-6 py-8 text-center text-sm text-ink-3">
      <p>{m.photos.none[filter]}</p>
      <Button size="small" onClick={() => onFilter(null)}>
        {m.photos.all}
      </Button>
    </div>
  );
}
