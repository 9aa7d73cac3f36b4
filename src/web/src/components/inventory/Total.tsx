import { useState } from "react";
import { useI18n } from "../../i18n";

/** The answer: the largest thing on the page. A new one cross-fades with the old; it never counts up. */
export function Total({ volume, className = "" }: { volume: number | null; className?: string }) {
  const { f } = useI18n();
  const figure = f.headline(volume ?? 0);
  const [shown, show] = useState<{ now: string; before: string | null }>({ now: figure, before: null });
  if (shown.now !== figure) show({ now: figure, before: shown.now });
  return (
    <p
      className={`flex min-h-12 items-baseline gap-1.5 text-2xl font-semibold tracking-[-0.03em] whitespace-nowrap ${className}`}
    >
      <span className={`relative grid ${volume ? "" : "text-ink-3"}`}>
        <span key={figure} className={`[grid-area:1/1] ${shown.before === null ? "" : "animate-fade"}`}>
          {figure}
        </span>
        {shown.before !== null && (
          <span
            key={`before ${figure}`}
            aria-hidden="true"
            className="animate-fade-out pointer-events-none absolute inset-y-0 start-0 opacity-0"
          >
            {shown.before}
          </span>
        )}
      </span>
      <small className="text-lg font-medium tracking-normal text-ink-2">m³</small>
    </p>
  );
}
