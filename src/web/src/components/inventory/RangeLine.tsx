import type { Range } from "../../api/schema";

/** Low, typical and high on one line; `most` is what the whole line means, in m³. Decoration: the figures stand beside it. */
export function RangeLine({ range, from = 0, most }: { range: Range; from?: number; most: number }) {
  const share = (value: number) => (most > from ? Math.min(1, Math.max(0, (value - from) / (most - from))) : 0) * 100;
  return (
    <div className="relative h-1.5 rounded-[3px] bg-sunken" aria-hidden="true">
      <i
        className="absolute inset-y-0 rounded-[3px] bg-kraft opacity-60"
        style={{ left: `${share(range.low)}%`, right: `${100 - share(range.high)}%` }}
      />
      <b
        className="absolute -top-[3px] h-3 w-1 rounded-xs bg-kraft-deep shadow-[0_0_0_2px_var(--color-surface)]"
        style={{ left: `clamp(0px, calc(${share(range.typical)}% - 2px), calc(100% - 4px))` }}
      />
    </div>
  );
}
