import type { Counts, PhotoStatus } from "../../api/schema";
import { useI18n } from "../../i18n";
import { Icon, type IconName, Spinner } from "../base/Icon";

export type Filter = "queued" | "processing" | "completed" | "failed";

const ORDER = ["queued", "processing", "completed", "failed"] as const satisfies readonly Filter[];

export const STATUS_OF: Readonly<Record<Filter, PhotoStatus>> = {
  queued: "PENDING",
  processing: "PROCESSING",
  completed: "DONE",
  failed: "ERROR",
};

const ICONS: Readonly<Record<Filter, IconName | null>> = {
  queued: "clock",
  processing: null,
  completed: "check",
  failed: "cross",
};

interface CountersProps {
  counts: Counts | null;
  /** With it the counters are filters of the list below. */
  filter?: Filter | null;
  onFilter?: ((filter: Filter | null) => void) | undefined;
}

const CELL =
  "grid min-h-14 grid-cols-[auto_minmax(0,1fr)] content-center items-center gap-x-[7px] border-line px-3 py-2 text-start not-last:border-e md:w-26 md:gap-y-0.5 md:py-3 md:pr-1 md:pl-4 max-[24rem]:gap-x-1 max-[24rem]:pr-0.5 max-[24rem]:pl-2";

/** The four counters. They are not live to a screen reader: the sentence beside them is. */
export function Counters({ counts, filter = null, onFilter }: CountersProps) {
  const { m } = useI18n();
  return (
    <fieldset
      aria-label={m.counts.title}
      className="grid min-w-0 grid-cols-4 border-t border-line md:flex md:border-t-0 md:border-s"
    >
      {ORDER.map((name) => (
        <Counter
          key={name}
          name={name}
          count={counts?.[name] ?? null}
          pressed={filter === name}
          onPress={onFilter && (() => onFilter(filter === name ? null : name))}
        />
      ))}
    </fieldset>
  );
}

interface CounterProps {
  name: Filter;
  count: number | null;
  pressed: boolean;
  onPress?: (() => void) | undefined;
}

function Counter({ name, count, pressed, onPress }: CounterProps) {
  const { m, f } = useI18n();
  const content = (
    <>
      <b
        className={`col-span-2 text-lg leading-6 tracking-tight ${count ? "font-semibold" : "font-medium text-ink-3"}`}
      >
        {count === null ? "–" : f.whole(count)}
      </b>
      <CounterIcon name={name} works={Boolean(count)} />
      <span className="text-xs whitespace-nowrap text-ink-2 max-[24rem]:text-2xs max-[22rem]:col-span-2">
        {m.counts[name]}
      </span>
    </>
  );
  if (!onPress) {
    return (
      <div data-status={STATUS_OF[name]} className={CELL}>
        {content}
      </div>
    );
  }
  return (
    <button
      type="button"
      data-status={STATUS_OF[name]}
      aria-pressed={pressed}
      onClick={onPress}
      className={`${CELL} transition-colors last:rounded-br-card hover:bg-hover focus-visible:rounded-lg focus-visible:-outline-offset-[3px] aria-pressed:bg-(--s-soft) max-md:first:rounded-bl-card md:last:rounded-tr-card`}
    >
      {content}
    </button>
  );
}

function CounterIcon({ name, works }: { name: Filter; works: boolean }) {
  const icon = ICONS[name];
  const look = "size-3.5 stroke-[1.9] text-(--s-ink) max-[22rem]:hidden";
  if (icon) return <Icon name={icon} className={look} />;
  return <Spinner className={look} still={!works} />;
}
