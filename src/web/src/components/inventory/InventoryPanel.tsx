import { memo } from "react";
import type { RoomSum, Summary } from "../../api/schema";
import { useI18n } from "../../i18n";
import { CARD, CardHead } from "../base/Card";
import { Icon, type IconName } from "../base/Icon";
import { iconOfRoom, inOrder } from "./rooms";
import { Total } from "./Total";
import { Trucks } from "./Truck";
import { type Load, loadOf } from "./truck";

interface InventoryPanelProps {
  summary: Summary | null;
  /** Photos that are still to be counted. */
  left: number;
  finished: boolean;
  titleId?: string;
}

/** What has been counted so far: the volume, the truck it would need, and each room's share. */
export const InventoryPanel = memo(function InventoryPanel({
  summary,
  left,
  finished,
  titleId = "inventory-title",
}: InventoryPanelProps) {
  const { m } = useI18n();
  const rooms = inOrder(summary?.byRoom.filter((room) => room.items > 0) ?? []);
  const load = loadOf(summary?.totalVolume ?? 0);
  return (
    <section className={CARD} aria-labelledby={titleId}>
      <CardHead id={titleId} title={finished ? m.inventory.title : m.inventory.soFar} />
      <div className="p-4 max-md:grid max-md:grid-cols-[minmax(0,1fr)_140px] max-md:items-center max-md:gap-x-4">
        <div>
          <Total volume={summary?.totalVolume ?? null} />
          <p className="mb-2 text-ink-3">
            {m.count.items(summary?.totalItems ?? 0)}
            {rooms.length > 0 && ` · ${m.count.rooms(rooms.length)}`}
          </p>
        </div>
        <Trucks load={load} parts={rooms.map((room) => room.volume)} />
      </div>
      {load.load > 0 && <Hint icon="truck">{sentenceOfTruck(m, load, finished)}</Hint>}
      {rooms.length > 0 && <RoomBars rooms={rooms} />}
      <Foot summary={summary} left={left} finished={finished} />
    </section>
  );
});

function Foot({ summary, left, finished }: Pick<InventoryPanelProps, "summary" | "left" | "finished">) {
  const { m } = useI18n();
  if (!summary) return <Hint icon="info">{finished ? m.trouble.allFailed.title : m.inventory.nothing}</Hint>;
  if (!left) return null;
  return <Hint icon="info">{finished ? m.inventory.left(left) : m.inventory.provisional(left)}</Hint>;
}

function sentenceOfTruck(m: ReturnType<typeof useI18n>["m"], { trips, size }: Load, finished: boolean): string {
  if (finished) return `${trips === 1 ? m.truck.advised(size) : m.truck.trips(trips, size)}. ${m.truck.margin}.`;
  return trips === 1 ? m.truck.fits(size) : m.truck.tripsSoFar(trips, size);
}

export function Hint({ icon, children }: { icon: IconName; children: string }) {
  return (
    <p className="flex gap-2 border-t border-line px-4 py-3 text-sm text-ink-3">
      <Icon name={icon} className="mt-px size-4" />
      <span>{children}</span>
    </p>
  );
}

function RoomBars({ rooms }: { rooms: readonly RoomSum[] }) {
  const largest = Math.max(...rooms.map((room) => room.volume));
  return (
    <ul className="border-t border-line px-4 pt-1 pb-2">
      {rooms.map((room) => (
        <RoomBar key={room.roomType} room={room} largest={largest} />
      ))}
    </ul>
  );
}

function RoomBar({ room, largest }: { room: RoomSum; largest: number }) {
  const { m, f, room: roomName } = useI18n();
  return (
    <li className="grid animate-fade grid-cols-[20px_minmax(0,1fr)_auto] items-center gap-x-2.5 border-line py-[9px] not-first:border-t">
      <Icon name={iconOfRoom(room.roomType)} className="size-[18px] text-ink-3" />
      <p className="flex min-w-0 items-baseline gap-2">
        <span className="truncate">{roomName(room.roomType)}</span>
        <small className="text-xs whitespace-nowrap text-ink-3">{m.count.items(room.items)}</small>
      </p>
      <p className="figures font-medium">{f.volume(room.volume)}</p>
      <div className="col-start-2 col-end-4 mt-1.5 h-1 overflow-hidden rounded-xs bg-sunken">
        <i
          className="block h-full origin-left rounded-xs bg-kraft transition-transform duration-(--duration-travel) ease-settle"
          style={{ transform: `scaleX(${largest ? room.volume / largest : 0})` }}
        />
      </div>
    </li>
  );
}
