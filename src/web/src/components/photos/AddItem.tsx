import { type FormEvent, useId, useState } from "react";
import { useI18n } from "../../i18n";
import { readNumber } from "../../i18n/number";
import { Button } from "../base/Button";
import { Field } from "../base/Field";
import { leaveOnEscape, useFocusAtOnce } from "./ItemEditor";
import { LARGEST, LONGEST, MOST } from "./items";
import type { Draft, PhotoItems } from "./PhotoItems";
import { useHold } from "./usePhotoItems";

const BLANK = { name: "", count: "1", volume: "" };
type Typed = typeof BLANK;
type Wrong = keyof Typed;

/** What the photo shows and the analyzer has not found. Stays open for the next one; what is refused stands in the fields again. */
export function AddItem({ book, onClose }: { book: PhotoItems; onClose: () => void }) {
  const { m } = useI18n();
  const [typed, type] = useState<Typed>(BLANK);
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const wrongId = useId();
  const first = useFocusAtOnce();
  useHold(book, "new");
  const said = { name: m.items.wrongName, count: m.items.wrongCount, volume: m.items.wrongVolume };
  async function submit(event: FormEvent) {
    event.preventDefault();
    const read = readDraft(typed);
    setWrong(typeof read === "string" ? read : null);
    if (typeof read === "string") return;
    type(BLANK);
    first.current?.focus();
    if (!(await book.add(read))) type((now) => (now === BLANK ? typed : now));
  }
  const field = (name: Wrong) => ({
    value: typed[name],
    onValue: (value: string) => type({ ...typed, [name]: value }),
    wrong: wrong === name ? wrongId : null,
  });
  return (
    <form
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => leaveOnEscape(event, onClose)}
      noValidate
      aria-label={m.items.add}
      className="w-full"
    >
      <p className="text-sm text-ink-3">{m.items.addHint}</p>
      <div className="mt-2 grid grid-cols-[minmax(0,1fr)_64px] items-end gap-3 sm:grid-cols-[minmax(0,1fr)_64px_128px]">
        <Field ref={first} label={m.items.name} maxLength={LONGEST} {...field("name")} />
        <Field label={m.items.count} inputMode="numeric" {...field("count")} />
        <Field label={m.items.eachOptional} inputMode="decimal" {...field("volume")} />
      </div>
      <p id={wrongId} role="alert" className="text-sm text-failed-ink not-empty:mt-2">
        {wrong && said[wrong]}
      </p>
      <div className="mt-2 flex justify-end gap-2">
        <Button size="small" look="bare" onClick={onClose}>
          {m.act.close}
        </Button>
        <Button size="small" type="submit">
          {m.items.addNow}
        </Button>
      </div>
    </form>
  );
}

/** What can be sent, or the field that stands in its way. */
function readDraft({ name, count, volume }: Typed): Draft | Wrong {
  const [many, each] = [readNumber(count, MOST), readNumber(volume, LARGEST)];
  if (!name.trim()) return "name";
  if (!many || !Number.isInteger(many)) return "count";
  if (volume.trim() && each === null) return "volume";
  return { label: name.trim(), count: many, ...(each === null ? {} : { volumeEach: each }) };
}
