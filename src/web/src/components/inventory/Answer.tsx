import type { ReactNode } from "react";
import type { Inventory, Summary } from "../../api/schema";
import { useI18n } from "../../i18n";
import { CARD } from "../base/Card";
import { Skeleton } from "../base/Empty";
import { ONCE, useArrival } from "../base/motion";
import { RangeLine } from "./RangeLine";
import { inOrder } from "./rooms";
import { Total } from "./Total";
import { Trucks } from "./Truck";
import { inTenths, loadOf } from "./truck";

interface AnswerProps {
  /** What is known at once; the range comes with the inventory. */
  summary: Pick<Summary, "totalItems" | "totalVolume">;
  inventory: Inventory | null;
  /** Photos that were counted; null where the sum is over several batches. */
  counted: number | null;
  parts: readonly { roomType: string; volume: number; items: number }[];
  /** The finish has just been seen: it fades in, once. */
  fresh?: boolean;
  children?: ReactNode;
}

/** The answer of a finished batch or of a whole move: the volume with its range, and the truck that takes it. */
export function Answer({ summary, inventory, counted, parts, fresh = false, children }: AnswerProps) {
  const { m } = useI18n();
  const arrival = useArrival<HTMLElement>({ duration: ONCE, still: !fresh });
  const load = loadOf(summary.totalVolume);
  const rooms = inOrder(parts.filter((room) => room.items > 0));
  const told = [
    m.count.items(summary.totalItems),
    m.count.rooms(rooms.length),
    ...(counted === null ? [] : [m.inventory.counted(counted)]),
  ];
  return (
    <section
      ref={arrival}
      aria-label={m.inventory.volume}
      className={`${CARD} mt-4 grid md:grid-cols-[minmax(0,5fr)_minmax(0,7fr)]`}
    >
      <div className="min-w-0 p-5 md:p-6">
        <h2 className="text-base font-semibold">{m.inventory.volume}</h2>
        <Total volume={summary.totalVolume} className="mt-1" />
        <p className="text-ink-3">{told.join(" · ")}</p>
        <Spread inventory={inventory} />
      </div>
      <div className="grid min-w-0 items-center gap-x-6 gap-y-3 border-line p-5 max-md:border-t md:grid-cols-[minmax(0,300px)_minmax(0,1fr)] md:border-s md:p-6">
        <div className="max-w-[340px]">
          <Trucks load={load} parts={rooms.map((room) => room.volume)} />
        </div>
        <LoadSum {...load} />
      </div>
      {children && (
        <div className="col-span-full flex flex-wrap items-center gap-2 border-t border-line px-5 py-3 md:px-6">
          {children}
        </div>
      )}
    </section>
  );
}

function Spread({ inventory }: { inventory: Inventory | null }) {
  const { m } = useI18n();
  const range = inventory?.volumeRange;
  return (
    <>
      <div className="mt-5">
        <RangeLine range={range ?? { low: 0, typical: 0, high: 0 }} from={range?.low ?? 0} most={range?.high ?? 0} />
      </div>
      <p className="mt-2 flex justify-between gap-4 text-xs text-ink-2">
        <span>{range ? m.inventory.atLeast(range.low) : <Skeleton>{m.inventory.atLeast(10)}</Skeleton>}</span>
        <span>{range ? m.inventory.atMost(range.high) : <Skeleton>{m.inventory.atMost(10)}</Skeleton>}</span>
      </p>
    </>
  );
}

function LoadSum({ size, trips, other, ...exact }: ReturnType<typeof loadOf>) {
  const { m, f } = useI18n();
  const { typical, margin, load } = inTenths(exact);
  if (!load) return <p className="text-ink-3">{m.inventory.nothing}</p>;
  return (
    <div>
      <h2 className="text-base font-semibold">{trips === 1 ? m.truck.advised(size) : m.truck.trips(trips, size)}</h2>
      <dl className="mt-2 grid grid-cols-[1fr_auto] gap-y-1 text-sm text-ink-2 [&>dd]:text-end">
        <dt>{m.truck.typical}</dt>
        <dd className="figures">{f.roughly(typical)}</dd>
        <dt>{m.truck.margin}</dt>
        <dd className="figures">{f.roughly(margin)}</dd>
        <dt className="border-t border-line pt-1.5 font-semibold text-ink">{m.truck.load}</dt>
        <dd className="figures border-t border-line pt-1.5 font-semibold text-ink">{f.roughly(load)}</dd>
      </dl>
      {other !== null && <p className="mt-2 text-xs text-ink-3">{m.truck.other(2, other)}</p>}
    </div>
  );
}
