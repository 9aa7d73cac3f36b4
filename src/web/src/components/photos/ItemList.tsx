import type { FoundItem } from "../../api";
import type { Photo } from "../../api/schema";
import { useI18n } from "../../i18n";
import { Skeleton } from "../base/Empty";
import { ItemRow } from "./ItemRow";
import { COLUMNS } from "./items";
import type { PhotoItems } from "./PhotoItems";

const MOST_WAITING = 6; // grey rows

interface ItemListProps {
  photo: Photo;
  /** null while they are read. */
  items: readonly FoundItem[] | null;
  book: PhotoItems;
  chosen: string | null;
  onChoose: (id: string | null) => void;
}

/** What is on a photo, each thing to be corrected in its place. */
export function ItemList({ photo, items, book, chosen, onChoose }: ItemListProps) {
  const { m } = useI18n();
  return (
    <div className="@container">
      <div
        aria-hidden="true"
        className={`${COLUMNS} min-h-9 text-xs font-medium text-ink-3 @max-lg:hidden [&>:nth-child(3)]:text-end`}
      >
        <span>{m.items.item}</span>
        <span>{m.items.count}</span>
        <span>{m.items.volume}</span>
      </div>
      <ul>
        {items
          ? items.map((item) => (
              <ItemRow key={item.id} item={item} book={book} on={item.id === chosen} onChoose={onChoose} />
            ))
          : Array.from({ length: Math.min(photo.itemCount, MOST_WAITING) }, (_, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: grey rows have nothing but their place
              <li key={place} className="grid h-13 items-center border-t border-line px-4 @max-lg:h-23">
                <Skeleton className="justify-self-start">{m.inventory.soFar}</Skeleton>
              </li>
            ))}
      </ul>
      <Sum photo={photo} items={items} />
    </div>
  );
}

/** Of what is shown; of the photo while that is being read. */
function Sum({ photo, items }: Pick<ItemListProps, "photo" | "items">) {
  const { m, f } = useI18n();
  const count = items?.reduce((sum, item) => sum + item.count, 0) ?? photo.itemCount;
  const volume = items?.reduce((sum, item) => sum + item.volume, 0) ?? photo.volume;
  return (
    <p className={`${COLUMNS} min-h-10 border-t border-line font-semibold`}>
      <span>
        {m.items.total} <span className="font-normal text-ink-3">{m.count.items(count)}</span>
      </span>
      <span className="figures text-end @lg:col-start-3">{f.volume(volume)}</span>
    </p>
  );
}
