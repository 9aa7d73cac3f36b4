import type { CSSProperties } from "react";
import type { BatchStatus, Counts } from "../../api/schema";

const MOST_NOTCHES = 40; // photos; with more a cell is narrower than 8 px
const MOST_NOTCHES_ON_PHONES = 24;

interface BarProps {
  status: BatchStatus;
  paused: boolean;
  progress: number;
  counts: Counts;
  /** What a screen reader says: "66 %, 8 photos sur 12". */
  spoken: string;
  /** The connection is lost: frozen and pale. */
  stale?: boolean;
  /** A line in a list: no notches, no light. */
  thin?: boolean;
  label?: string;
  labelledBy?: string | undefined;
}

/**
 * From the left: finished in the colour of the status, failed in red, in workers' hands in pale blue, then the empty track. Three
 * full-width layers are slid under each other, so that a new value starts from where the layer is.
 */
export function Bar({ status, paused, progress, counts, spoken, stale, thin, label, labelledBy }: BarProps) {
  const total = Math.max(counts.total, 1);
  const [done, failed, work] = [counts.completed / total, counts.failed / total, counts.processing / total];
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-labelledby={labelledBy}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={progress}
      aria-valuetext={spoken}
      data-status={status}
      style={{ "--n": total } as CSSProperties}
      className={`relative overflow-hidden bg-sunken transition-[filter,opacity] duration-(--duration-travel) ${
        thin ? "h-1 rounded-sm" : `h-2.5 rounded-[5px] ${notches(total)}`
      } ${stale ? "opacity-75 saturate-25" : ""}`}
    >
      <span className="bar-layer overflow-hidden bg-processing-mid" style={slid(done, failed, work)}>
        {!thin && !paused && !stale && work > 0 && (
          <span className="sheen [--sheen:color-mix(in_oklab,var(--color-surface)_45%,transparent)]" />
        )}
      </span>
      <span className="bar-layer bg-failed" style={slid(done, failed, 0)} />
      <span
        className={`bar-layer duration-(--duration-travel) ${paused ? "bar-stripes" : "bg-(--s)"}`}
        style={slid(done, 0, 0)}
      />
    </div>
  );
}

function notches(total: number): string {
  if (total === 1 || total > MOST_NOTCHES) return "";
  return total > MOST_NOTCHES_ON_PHONES ? "md:bar-notches" : "bar-notches";
}

/** A failed share is never under 3 px, however many photos there are. */
function slid(done: number, failed: number, work: number): CSSProperties {
  const share = failed > 0 ? ` + max(${percent(failed)}, 3px)` : "";
  return { transform: `translateX(calc(${percent(done - 1)}${share} + ${percent(work)}))` };
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))}%`;
}
