import { useEffect, useRef, useState } from "react";
import { useI18n } from "../../i18n";
import { Button } from "../base/Button";
import { Icon } from "../base/Icon";
import { AddItem } from "./AddItem";
import { useItemName } from "./items";
import type { Outcome, PhotoItems } from "./PhotoItems";

/** Below the list: how the newest correction ended, and one thing more. Inside the sheet on phones, where the page's live region is not heard. */
export function ItemFoot({ book, outcome }: { book: PhotoItems; outcome: Outcome | null }) {
  const { m } = useI18n();
  const [adding, add] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const seen = outcome?.kind === "removed" || outcome?.kind === "refused";
  return (
    <div className="flex min-h-13 flex-wrap items-center gap-x-3 gap-y-2 border-t border-line px-4 py-2">
      {!adding && (
        <Button ref={opener} size="small" onClick={() => add(true)}>
          <Icon name="plus" />
          {m.items.add}
        </Button>
      )}
      <p
        role="status"
        className={
          seen ? `min-w-0 flex-1 text-sm ${outcome.kind === "refused" ? "text-failed-ink" : "text-ink-2"}` : "sr-only"
        }
      >
        {outcome && <Told outcome={outcome} />}
      </p>
      {outcome?.kind === "removed" && (
        <Undo
          onUndo={() => {
            void book.correct(outcome.item.id, { count: outcome.item.count });
            opener.current?.focus();
          }}
        />
      )}
      {adding && (
        <AddItem
          book={book}
          onClose={() => {
            add(false);
            requestAnimationFrame(() => opener.current?.focus());
          }}
        />
      )}
    </div>
  );
}

function Told({ outcome }: { outcome: Outcome }) {
  const { m } = useI18n();
  if (outcome.kind === "refused") {
    const words: Readonly<Record<string, string>> = m.items.refused;
    return words[outcome.slug] ?? m.items.refused.other;
  }
  return <Done outcome={outcome} />;
}

function Done({ outcome }: { outcome: Exclude<Outcome, { kind: "refused" }> }) {
  const { m } = useI18n();
  const name = useItemName(outcome.item);
  return outcome.kind === "removed" ? m.items.gone(name) : m.say.corrected(name, outcome.item.count, outcome.total);
}

/** The row that was removed had the focus: it comes here, where it is brought back, rather than to the top of the page. */
function Undo({ onUndo }: { onUndo: () => void }) {
  const { m } = useI18n();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body) button.current?.focus();
  }, []);
  return (
    <Button ref={button} size="small" onClick={onUndo}>
      {m.items.undo}
    </Button>
  );
}
