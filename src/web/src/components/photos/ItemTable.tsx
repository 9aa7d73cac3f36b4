import type { FoundItem } from "../../api";
import type { Photo } from "../../api/schema";
import { useI18n } from "../../i18n";
import { capital } from "../../i18n/capital";
import { Skeleton } from "../base/Empty";
import { Icon } from "../base/Icon";
import { isUnsure } from "./boxes";

const MOST_WAITING = 6; // grey rows

interface ItemTableProps {
  photo: Photo;
  /** null while they are read. */
  items: readonly FoundItem[] | null;
  chosen: string | null;
  onChoose: (id: string | null) => void;
}

export function ItemTable({ photo, items, chosen, onChoose }: ItemTableProps) {
  const { m, f } = useI18n();
  return (
    <table className="w-full border-collapse [&_td]:px-2 [&_td]:py-1 [&_td:first-child]:ps-4 [&_td:last-child]:pe-4 [&_th]:p-2 [&_th]:text-xs [&_th]:font-medium [&_th]:text-ink-3 [&_th:first-child]:ps-4 [&_th:last-child]:pe-4">
      <thead>
        <tr>
          <th scope="col" className="text-start">
            {m.items.item}
          </th>
          <th scope="col" className="text-end">
            {m.items.count}
          </th>
          <th scope="col" className="text-end">
            {m.items.volume}
          </th>
          <th scope="col" className="w-32 text-start max-sm:hidden">
            {m.items.confidence}
          </th>
        </tr>
      </thead>
      <tbody>
        {items
          ? items.map((item) => <ItemRow key={item.id} item={item} on={item.id === chosen} onChoose={onChoose} />)
          : Array.from({ length: Math.min(photo.itemCount, MOST_WAITING) }, (_, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: grey rows have nothing but their place
              <tr key={place} className="h-10 border-t border-line">
                <td colSpan={4}>
                  <Skeleton>{m.inventory.soFar}</Skeleton>
                </td>
              </tr>
            ))}
      </tbody>
      <tfoot>
        <tr className="h-10 border-t border-line font-semibold">
          <td>{m.items.total}</td>
          <td className="text-end">{f.whole(photo.itemCount)}</td>
          <td className="figures text-end">{f.volume(photo.volume)}</td>
          <td className="max-sm:hidden" />
        </tr>
      </tfoot>
    </table>
  );
}

function ItemRow({ item, on, onChoose }: { item: FoundItem; on: boolean; onChoose: ItemTableProps["onChoose"] }) {
  const { m, f, language } = useI18n();
  return (
    <tr
      className={`h-10 border-t border-line transition-colors ${on ? "bg-brand-soft" : ""}`}
      onPointerEnter={() => onChoose(item.id)}
      onPointerLeave={() => onChoose(null)}
    >
      <td className="wrap-break-word">{capital(language === "fr" ? item.labelFr : item.labelEn)}</td>
      <td className="text-end">{f.whole(item.count)}</td>
      <td className="figures text-end">{f.volume(item.volume)}</td>
      <td className="max-sm:hidden">
        <Confidence
          item={item}
          word={
            item.byPerson
              ? m.items.mine
              : item.proposed
                ? m.items.proposed
                : isUnsure(item)
                  ? m.items.check
                  : m.items.sure
          }
        />
      </td>
    </tr>
  );
}

function Confidence({ item, word }: { item: FoundItem; word: string }) {
  const unsure = !item.byPerson && isUnsure(item);
  return (
    <span
      className={`flex items-center gap-[5px] text-sm whitespace-nowrap ${unsure ? "text-partial-ink" : "text-ink-3"}`}
    >
      <Icon name={unsure ? "alert" : "check"} />
      {word}
    </span>
  );
}
