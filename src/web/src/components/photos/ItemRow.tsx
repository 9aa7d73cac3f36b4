import { type Ref, useId, useRef, useState } from "react";
import type { FoundItem } from "../../api";
import { useI18n } from "../../i18n";
import { Button, IconButton } from "../base/Button";
import { Icon } from "../base/Icon";
import { Stepper } from "../base/Stepper";
import { isUnsure } from "./boxes";
import { ItemEditor, type Typed } from "./ItemEditor";
import { COLUMNS, MOST, useItemName } from "./items";
import type { Draft, PhotoItems, Wish } from "./PhotoItems";
import { useHold } from "./usePhotoItems";

interface ItemRowProps {
  item: FoundItem;
  book: PhotoItems;
  on: boolean;
  onChoose: (id: string | null) => void;
}

/** One thing: its count to step, and to accept or dismiss while it is only proposed. Its name and size open below it. */
export function ItemRow({ item, book, on, onChoose }: ItemRowProps) {
  const { m, f } = useI18n();
  const name = useItemName(item);
  const editorId = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const [editing, edit] = useState<Typed | "fresh" | null>(null);
  const unsent = item.version === 0;
  useHold(book, editing ? item.id : null);
  function close() {
    edit(null);
    opener.current?.focus();
  }
  function remove() {
    edit(null);
    void book.correct(item.id, { count: 0 });
  }
  async function save(typed: Typed, wish: Wish) {
    if (!item.count) return (await book.add(again(item, wish))) && edit(null);
    close();
    if (!(await book.correct(item.id, wish))) edit((now) => now ?? typed);
  }
  return (
    <li
      data-item={item.label}
      onPointerEnter={() => onChoose(item.id)}
      onPointerLeave={() => onChoose(null)}
      onFocus={() => onChoose(item.id)}
      className={`border-t border-line transition-colors ${on || editing ? "bg-brand-soft" : ""}`}
    >
      <div className={`${COLUMNS} min-h-13 py-2`}>
        <div className="min-w-0">
          <p className="font-medium wrap-anywhere">{name}</p>
          <Standing item={item} />
        </div>
        <span className="figures text-end @lg:col-start-3 @lg:row-start-1">
          {unsent && !item.volume ? "…" : f.volume(item.volume)}
        </span>
        <div className="@lg:col-start-2 @lg:row-start-1">
          <Stepper
            label={m.items.countOf(name)}
            less={m.items.less(name)}
            more={m.items.more(name)}
            value={item.count}
            least={1}
            most={MOST}
            disabled={unsent}
            onChange={(count) => void book.correct(item.id, { count })}
          />
        </div>
        <Acts
          ref={opener}
          item={item}
          book={book}
          editorId={editing ? editorId : null}
          onEdit={() => edit(editing ? null : "fresh")}
          onRemove={remove}
        />
      </div>
      {editing && (
        <ItemEditor
          id={editorId}
          item={item}
          refused={editing === "fresh" ? null : editing}
          onSave={(typed, wish) => void save(typed, wish)}
          onClose={close}
        />
      )}
    </li>
  );
}

/** Removed elsewhere while it was being changed: what was typed makes a new one. */
function again(item: FoundItem, { label = item.label, volumeEach = item.volumeEach }: Wish): Draft {
  return { label, volumeEach, count: 1 };
}

interface ActsProps {
  item: FoundItem;
  book: PhotoItems;
  /** null while it is closed. */
  editorId: string | null;
  onEdit: () => void;
  onRemove: () => void;
  ref: Ref<HTMLButtonElement>;
}

/** Accept and dismiss, then change and remove: they are the same two buttons, so that the focus stays on the one that was pressed. */
function Acts({ item, book, editorId, onEdit, onRemove, ref }: ActsProps) {
  const { m } = useI18n();
  const name = useItemName(item);
  const unsent = item.version === 0;
  const first = item.proposed
    ? { "aria-label": m.items.acceptOf(name), onClick: () => void book.correct(item.id, { proposed: false }) }
    : { "aria-label": m.items.edit(name), onClick: onEdit, "aria-expanded": editorId !== null };
  return (
    <div className="flex items-center justify-end @lg:col-start-4 @lg:row-start-1">
      <Button
        {...first}
        ref={ref}
        size="small"
        look={item.proposed ? "plain" : "bare"}
        aria-controls={editorId ?? undefined}
        disabled={unsent}
      >
        {item.proposed ? m.items.accept : <Icon name="edit" className="size-4" />}
      </Button>
      <IconButton
        aria-label={item.proposed ? m.items.dismiss(name) : m.items.remove(name)}
        disabled={unsent}
        onClick={onRemove}
      >
        <Icon name={item.proposed ? "close" : "bin"} className="size-4" />
      </IconButton>
    </div>
  );
}

/** How sure it is, or that a person has said it. */
function Standing({ item }: { item: FoundItem }) {
  const { m } = useI18n();
  if (item.byPerson) {
    return (
      <span className="inline-block rounded-[5px] bg-brand-soft px-1.5 text-xs leading-[18px] text-brand">
        {m.items.mine}
      </span>
    );
  }
  const unsure = isUnsure(item);
  const word = item.proposed ? m.items.proposed : unsure ? m.items.check : m.items.sure;
  return (
    <span
      className={`flex items-center gap-[5px] text-xs leading-[18px] whitespace-nowrap ${unsure ? "text-partial-ink" : "text-ink-3"}`}
    >
      <Icon name={unsure ? "alert" : "check"} />
      {word}
    </span>
  );
}
