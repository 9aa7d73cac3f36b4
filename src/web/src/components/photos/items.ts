import type { FoundItem } from "../../api";
import { useI18n } from "../../i18n";
import { capital } from "../../i18n/capital";

/** What the service allows as well. */
export const MOST = 1000; // of one thing on one photo
export const LONGEST = 100; // characters of a name
export const LARGEST = 100; // m³ of one thing

/** Name, count, volume, buttons: in one line where there is room for it, else in two. */
export const COLUMNS =
  "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1.5 px-4 @lg:grid-cols-[minmax(0,1fr)_96px_80px_116px]";

/** As it stands alone, in the language of the page. */
export function useItemName(item: FoundItem): string {
  const { language } = useI18n();
  return capital(language === "fr" ? item.labelFr : item.labelEn);
}
