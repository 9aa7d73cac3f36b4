import type { Load } from "./truck";

const HOLD = 187.4; // units of the drawing that can be filled
const LEFT = 6;
const TOP = 22;
const HEIGHT = 60;
const MOST_DRAWN = 4;

const LINE = "fill-none stroke-ink-3 stroke-[1.5] [stroke-linejoin:round] [stroke-linecap:round]";

interface TruckProps {
  load: Load;
  /** m³ by room: seams divide the load. */
  parts: readonly number[];
}

/** The load in the truck that is advised, the margin dashed. Decoration: a sentence beside it says the same. */
export function Trucks({ load, parts }: TruckProps) {
  const { size, trips } = load;
  if (trips === 1)
    return <Truck filled={load.typical / size} margin={load.margin / size} seams={seams(load.typical / size, parts)} />;
  const drawn = Math.min(trips, MOST_DRAWN);
  return (
    <div className="grid grid-cols-4 gap-1.5">
      {Array.from({ length: drawn }, (_, place) => {
        const share = Math.min(1, Math.max(0, load.load / size - place));
        return (
          <Truck
            // biome-ignore lint/suspicious/noArrayIndexKey: trucks are told apart by their place alone
            key={place}
            filled={place === drawn - 1 && trips > MOST_DRAWN ? 1 : share}
            margin={0}
            seams={[0.31, 0.58, 0.8].filter((at) => at < share)}
          />
        );
      })}
    </div>
  );
}

/** Where one room's load ends and the next begins, as shares of the hold. */
function seams(filled: number, parts: readonly number[]): number[] {
  const whole = parts.reduce((sum, part) => sum + part, 0);
  if (!whole) return [];
  let sum = 0;
  return parts.slice(0, -1).map((part) => {
    sum += part;
    return (sum / whole) * filled;
  });
}

function Truck({ filled, margin, seams: places }: { filled: number; margin: number; seams: readonly number[] }) {
  const end = LEFT + filled * HOLD;
  return (
    <svg viewBox="0 0 264 112" className="block h-auto w-full" aria-hidden="true">
      <rect className="fill-sunken" x="4" y="8" width="190" height="76" rx="4" />
      <rect
        className="origin-[6px_0] fill-kraft transition-transform duration-(--duration-travel) ease-settle"
        x={LEFT}
        y={TOP}
        width={HOLD}
        height={HEIGHT}
        style={{ transform: `scaleX(${filled})` }}
      />
      {places.map((place, index) => (
        <path
          // biome-ignore lint/suspicious/noArrayIndexKey: the n-th seam stays the n-th while it slides
          key={index}
          className="stroke-surface stroke-[1.5] transition-transform duration-(--duration-travel) ease-settle"
          d={`M${LEFT} ${TOP}v${HEIGHT}`}
          style={{ transform: `translateX(${place * HOLD}px)` }}
        />
      ))}
      {margin > 0 && (
        <rect
          className="fill-none stroke-kraft-deep stroke-[1.5] transition-transform duration-(--duration-travel) ease-settle"
          strokeDasharray="3 3"
          x={1}
          y={TOP + 0.75}
          width={Math.max(0, margin * HOLD - 2)}
          height={HEIGHT - 1.5}
          rx="2"
          style={{ transform: `translateX(${end}px)` }}
        />
      )}
      <rect className={LINE} x="4" y="8" width="190" height="76" rx="4" />
      <path
        className={LINE}
        d="M194 34h30c4 0 7 1 9 5l10 20c2 4 3 6 3 10v15h-52M206 44h16c2 0 3 .6 4 2l8 15h-28zM4 90h254"
      />
      {[44, 70, 222].map((x) => (
        <g key={x}>
          <circle className="fill-surface" cx={x} cy="96" r="13" />
          <circle className={LINE} cx={x} cy="96" r="11" />
          <circle className={LINE} cx={x} cy="96" r="3.5" />
        </g>
      ))}
    </svg>
  );
}
