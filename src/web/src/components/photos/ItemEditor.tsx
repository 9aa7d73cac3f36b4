import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import type { FoundItem } from "../../api";
import { useI18n } from "../../i18n";
import { readNumber } from "../../i18n/number";
import { Button } from "../base/Button";
import { Field } from "../base/Field";
import { LARGEST, LONGEST, useItemName } from "./items";
import type { Wish } from "./PhotoItems";

/** As it stands in the fields. */
export interface Typed {
  name: string;
  volume: string;
}

interface ItemEditorProps {
  id: string;
  item: FoundItem;
  /** What was typed and could not be saved: it stands in the fields again. */
  refused: Typed | null;
  onSave: (typed: Typed, wish: Wish) => void;
  onClose: () => void;
}

/** The name of a thing and the size of one. Enter saves, Escape restores; what comes from elsewhere is offered, never put over a draft. */
export function ItemEditor({ id, item, refused, onSave, onClose }: ItemEditorProps) {
  const { m, f } = useI18n();
  const [began, begin] = useState(item);
  const [beganName, newName] = [useItemName(began), useItemName(item)];
  const [name, setName] = useState(refused?.name ?? beganName);
  const [volume, setVolume] = useState(refused?.volume ?? f.field(began.volumeEach));
  const [wrong, setWrong] = useState<"name" | "volume" | null>(null);
  const wrongId = useId();
  const first = useFocusAtOnce(refused !== null);
  const removed = item.count === 0;
  const elsewhere = item.label !== began.label || item.volumeEach !== began.volumeEach;
  function take() {
    begin(item);
    setName(newName);
    setVolume(f.field(item.volumeEach));
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    const each = readNumber(volume, LARGEST);
    if (!name.trim()) return setWrong("name");
    if (each === null) return setWrong("volume");
    const renamed = name.trim() === beganName ? {} : { label: name.trim() };
    const resized = volume === f.field(began.volumeEach) ? {} : { volumeEach: each };
    const wish: Wish = { ...renamed, ...resized };
    if (removed || Object.keys(wish).length) onSave({ name, volume }, wish);
    else onClose();
  }
  return (
    <form
      id={id}
      onSubmit={submit}
      onKeyDown={(event) => leaveOnEscape(event, onClose)}
      noValidate
      className="px-4 pb-3"
    >
      <div className="grid grid-cols-[minmax(0,1fr)_120px] items-end gap-3">
        <Field
          ref={first}
          label={m.items.name}
          value={name}
          onValue={setName}
          maxLength={LONGEST}
          wrong={wrong === "name" ? wrongId : null}
        />
        <Field
          label={m.items.each}
          value={volume}
          onValue={setVolume}
          inputMode="decimal"
          wrong={wrong === "volume" ? wrongId : null}
        />
      </div>
      {removed && <p className="mt-2 text-sm text-partial-ink">{m.items.removedElsewhere}</p>}
      {elsewhere && !removed && (
        <p className="mt-2 flex flex-wrap items-center gap-2 text-sm text-partial-ink">
          {m.items.elsewhere(newName, item.volumeEach)}
          <Button size="small" onClick={take}>
            {m.items.take}
          </Button>
        </p>
      )}
      <p id={wrongId} role="alert" className="text-sm text-failed-ink not-empty:mt-2">
        {wrong === "name" && m.items.wrongName}
        {wrong === "volume" && m.items.wrongVolume}
      </p>
      <div className="mt-2 flex justify-end gap-2">
        <Button size="small" look="bare" onClick={onClose}>
          {m.items.cancel}
        </Button>
        <Button size="small" type="submit">
          {m.items.save}
        </Button>
      </div>
    </form>
  );
}

/** Opened by the person, as a dialog is: what is typed next goes here. `quietly`: opened by the page, nothing is taken from another field. */
export function useFocusAtOnce(quietly = false) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!quietly || !(document.activeElement instanceof HTMLInputElement)) field.current?.focus();
  }, [quietly]);
  return field;
}

/** A sheet around it stays open. */
export function leaveOnEscape(event: KeyboardEvent, leave: () => void): void {
  if (event.key !== "Escape") return;
  event.preventDefault();
  event.stopPropagation();
  leave();
}
