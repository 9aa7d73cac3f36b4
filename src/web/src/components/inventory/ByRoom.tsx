import { thumbnailOf } from "../../api";
import type { Inventory, ItemTotal, Photo, RoomTotal } from "../../api/schema";
import { useI18n } from "../../i18n";
import { capital } from "../../i18n/capital";
import { CARD, CardHead } from "../base/Card";
import { Icon } from "../base/Icon";
import { Picture } from "../photos/Thumb";
import { Hint } from "./InventoryPanel";
import { RangeLine } from "./RangeLine";
import { iconOfRoom, inOrder } from "./rooms";

interface ByRoomProps {
  inventory: Inventory;
  /** The photos of a batch stand beside the rooms that they show; a whole move has none here. */
  photos?: readonly Photo[];
  onOpen?: (photoId: string) => void;
}

/** Each room with its volume, its range and its things; the first one is open. */
export function ByRoom({ inventory, photos = [], onOpen }: ByRoomProps) {
  const { m } = useI18n();
  const rooms = inOrder(inventory.byRoom);
  const most = Math.max(...rooms.map((room) => room.volumeRange.high));
  return (
    <section className={`${CARD} mt-4`} aria-labelledby="byroom-title">
      <CardHead id="byroom-title" title={m.inventory.byRoom} />
      {rooms.map((room, place) => (
        <Room
          key={room.roomType}
          room={room}
          most={most}
          open={place === 0}
          photos={photos.filter((photo) => photo.status === "DONE" && (photo.roomType ?? "other") === room.roomType)}
          onOpen={onOpen}
        />
      ))}
      {inventory.usuallyAlso > 0 && <Hint icon="info">{m.inventory.also(inventory.usuallyAlso)}</Hint>}
    </section>
  );
}

interface RoomProps {
  room: RoomTotal;
  most: number;
  open: boolean;
  photos: readonly Photo[];
  onOpen?: ((photoId: string) => void) | undefined;
}

function Room({ room, most, open, photos, onOpen }: RoomProps) {
  const { m, f, room: roomName } = useI18n();
  return (
    <details open={open} className="group border-line not-first-of-type:border-t">
      <summary className="grid min-h-15 cursor-pointer list-none grid-cols-[20px_minmax(0,1fr)_auto_16px] items-center gap-x-3 gap-y-0.5 px-4 py-2.5 transition-colors hover:bg-hover focus-visible:rounded-card focus-visible:-outline-offset-[3px] md:grid-cols-[20px_minmax(0,1fr)_190px_96px_16px]">
        <Icon name={iconOfRoom(room.roomType)} className="size-[18px] text-ink-3" />
        <div className="min-w-0">
          <h3 className="truncate font-semibold">{roomName(room.roomType)}</h3>
          <p className="text-xs text-ink-3">
            {m.count.items(room.items)} · {m.count.photos(room.photos)}
          </p>
        </div>
        <div className="max-md:hidden">
          <RangeLine range={room.volumeRange} most={most} />
          <p className="figures mt-1.5 text-xs text-ink-3">
            {m.inventory.between(room.volumeRange.low, room.volumeRange.high)}
          </p>
        </div>
        <span className="figures text-end font-semibold">{f.volume(room.volume)}</span>
        <Icon
          name="down"
          className="size-4 text-ink-3 transition-[rotate] duration-(--duration-state) ease-settle group-open:rotate-180"
        />
      </summary>
      <div className={`grid gap-x-6 gap-y-3 px-4 pb-4 ${photos.length ? "md:grid-cols-[minmax(0,1fr)_264px]" : ""}`}>
        {room.byItem.length ? (
          <Things items={room.byItem} />
        ) : (
          <p className="text-sm text-ink-3">{m.inventory.noItems}</p>
        )}
        {photos.length > 0 && <Strip photos={photos} onOpen={onOpen} />}
      </div>
    </details>
  );
}

function Things({ items }: { items: readonly ItemTotal[] }) {
  const { m } = useI18n();
  const most = Math.max(...items.map((item) => item.volumeRange.high));
  return (
    <table className="w-full self-start border-collapse [&_td]:h-10 [&_td]:border-t [&_td]:border-line [&_td]:py-1 [&_th]:py-2 [&_th]:text-xs [&_th]:font-medium [&_th]:text-ink-3">
      <thead>
        <tr>
          <th scope="col" className="text-start">
            {m.items.item}
          </th>
          <th scope="col" className="text-end">
            {m.items.count}
          </th>
          <th scope="col" className="text-center max-md:hidden">
            {m.items.range}
          </th>
          <th scope="col" className="text-end">
            {m.items.total}
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <Thing key={item.label} item={item} most={most} />
        ))}
      </tbody>
    </table>
  );
}

function Thing({ item, most }: { item: ItemTotal; most: number }) {
  const { m, f, language } = useI18n();
  const name = language === "fr" ? item.labelFr : item.labelEn;
  return (
    <tr>
      <td className="pe-3 wrap-break-word">
        <span className="me-2 font-medium">{capital(name)}</span>
        {item.proposed > 0 && (
          <span className="rounded-[5px] bg-sunken px-1.5 text-xs leading-[18px] whitespace-nowrap text-ink-2">
            {m.items.proposed}
            {item.proposed < item.count && ` ${f.whole(item.proposed)}`}
          </span>
        )}
      </td>
      <td className="figures w-16 text-end">{f.whole(item.count)}</td>
      <td className="w-44 ps-8 max-md:hidden">
        <RangeLine range={item.volumeRange} most={most} />
      </td>
      <td className="figures w-24 text-end font-medium">{f.volume(item.volume)}</td>
    </tr>
  );
}

function Strip({ photos, onOpen }: { photos: readonly Photo[]; onOpen?: ((photoId: string) => void) | undefined }) {
  const { m } = useI18n();
  return (
    <ul
      className={`-mx-4 flex gap-2 overflow-x-auto px-4 py-1 md:mx-0 md:grid md:max-h-[424px] md:content-start md:overflow-y-auto md:px-0 ${photos.length > 1 ? "md:grid-cols-2" : ""}`}
    >
      {photos.map((photo) => (
        <li key={photo.id} className="w-32 shrink-0 md:w-full">
          <button
            type="button"
            onClick={() => onOpen?.(photo.id)}
            aria-label={m.photos.open(photo.filename)}
            title={photo.filename}
            className="photo-edge relative grid aspect-4/3 w-full place-items-center overflow-hidden rounded-photo bg-sunken text-ink-3"
          >
            <Picture src={thumbnailOf(photo.id)} />
          </button>
        </li>
      ))}
    </ul>
  );
}
