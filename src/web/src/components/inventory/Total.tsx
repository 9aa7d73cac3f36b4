import { AnimatePresence } from "motion/react";
import * as motion from "motion/react-m";
import { useI18n } from "../../i18n";

/** The answer: the largest thing on the page. A new one cross-fades; it never counts up. */
export function Total({ volume, className = "" }: { volume: number | null; className?: string }) {
  const { f } = useI18n();
  const figure = f.headline(volume ?? 0);
  return (
    <p
      className={`flex min-h-12 items-baseline gap-1.5 text-2xl font-semibold tracking-[-0.03em] whitespace-nowrap ${className}`}
    >
      <span className={`relative grid ${volume ? "" : "text-ink-3"}`}>
        <AnimatePresence initial={false}>
          <motion.span
            key={figure}
            className="[grid-area:1/1]"
            initial={{ opacity: 0 }}
            animate={{ opacity: 1 }}
            exit={{ opacity: 0 }}
            transition={{ duration: 0.2 }}
          >
            {figure}
          </motion.span>
        </AnimatePresence>
      </span>
      <small className="text-lg font-medium tracking-normal text-ink-2">m³</small>
    </p>
  );
}
