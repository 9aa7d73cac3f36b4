import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { english, type Messages } from "./en";
import { type Formats, formats, type Language } from "./format";
import { frenchMessages } from "./fr";
import { type Reason, reasonOf } from "./reasons";

export type { Formats, Language, Messages, Reason };

export interface I18n {
  readonly language: Language;
  readonly m: Messages;
  readonly f: Formats;
  reason(error: string): Reason;
  room(roomType: string): string;
}

const KEPT_UNDER = "roomtally.language";
const made = new Map<Language, I18n>();

/** The words and figures of one language, made once. */
export function i18nOf(language: Language): I18n {
  const known = made.get(language);
  if (known) return known;
  const f = formats(language);
  const m = language === "fr" ? frenchMessages(f) : english(f);
  const rooms: Readonly<Record<string, string>> = m.room;
  const fresh: I18n = {
    language,
    m,
    f,
    reason: (error) => reasonOf(error, language),
    room: (roomType) => rooms[roomType] ?? spoken(roomType),
  };
  made.set(language, fresh);
  return fresh;
}

/** A room that has no word here was named by a person, or is newer than this page. */
function spoken(roomType: string): string {
  const words = roomType.replace(/_/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The person's choice, else the first language of the browser that we speak, else English. */
export function firstLanguage(): Language {
  const chosen = kept();
  if (chosen) return chosen;
  const wanted = typeof navigator === "undefined" ? [] : navigator.languages;
  for (const tag of wanted) {
    if (tag.startsWith("fr")) return "fr";
    if (tag.startsWith("en")) return "en";
  }
  return "en";
}

function kept(): Language | null {
  try {
    const value = localStorage.getItem(KEPT_UNDER);
    return value === "fr" || value === "en" ? value : null;
  } catch {
    return null; // storage is forbidden: the browser's language it is
  }
}

function keep(language: Language): void {
  try {
    localStorage.setItem(KEPT_UNDER, language);
  } catch {
    // storage is forbidden or full: the choice holds as long as the page
  }
}

interface Switch {
  readonly i18n: I18n;
  setLanguage(language: Language): void;
}

const LanguageContext = createContext<Switch | null>(null);

/** `language` fixes it; without, the browser's is taken and the person may switch. */
export function LanguageProvider({ language, children }: { language?: Language | undefined; children: ReactNode }) {
  const [chosen, choose] = useState<Language>(() => language ?? firstLanguage());
  const current = language ?? chosen;
  useEffect(() => {
    if (!language) document.documentElement.lang = current;
  }, [language, current]);
  const value = useMemo<Switch>(
    () => ({
      i18n: i18nOf(current),
      setLanguage: (next) => {
        keep(next);
        choose(next);
      },
    }),
    [current],
  );
  return <LanguageContext value={value}>{children}</LanguageContext>;
}

/** The words to use here; without a provider above, the browser's language. */
export function useI18n(): I18n {
  return useContext(LanguageContext)?.i18n ?? i18nOf(firstLanguage());
}

export function useLanguageSwitch(): (language: Language) => void {
  const found = useContext(LanguageContext);
  if (!found) throw new Error("useLanguageSwitch needs a LanguageProvider above it.");
  return found.setLanguage;
}
