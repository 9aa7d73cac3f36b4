import { type ReactNode, useEffect, useRef } from "react";
import { IconButton } from "../components/base/Button";
import { Icon, Logo } from "../components/base/Icon";
import { Menu } from "../components/base/Menu";
import { Segments } from "../components/base/Segments";
import { type Language, useI18n, useLanguageSwitch } from "../i18n";
import { Link } from "../router";
import { useTheme } from "../theme/theme";
import { leave, useSignedIn } from "./session";

const STREAMS = "/admin/streams"; // for operators

let cameFromAnother = false;

/** After a link to another page of ours the focus is there, as after any link; a page that was just loaded leaves it to the browser. */
function useFocusOnArrival() {
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    if (cameFromAnother) main.current?.focus({ preventScroll: true });
    cameFromAnother = true;
  }, []);
  return main;
}

/** The frame of every page but the sign-in. */
export function Shell({ home = false, children }: { home?: boolean; children: ReactNode }) {
  const { m } = useI18n();
  const main = useFocusOnArrival();
  const operates = useSignedIn()?.role === "operator";
  return (
    <>
      <a
        href="#main"
        className="fixed start-2 -top-16 z-30 rounded-control border border-line bg-surface px-3 py-2 font-medium not-focus:opacity-0 focus:top-2 focus:shadow-pop"
      >
        {m.skip}
      </a>
      <header className="border-b border-line bg-surface">
        <div className="mx-auto flex h-13 max-w-page items-center gap-2 px-4 sm:gap-3 md:px-6">
          <Link href="/" className="inline-flex items-center gap-2 font-semibold tracking-[-0.01em]">
            <Logo />
            Roomtally
          </Link>
          <nav aria-label={m.nav.pages} className="ms-3 max-md:hidden">
            <Link
              href="/"
              aria-current={home ? "page" : undefined}
              className="rounded-control px-2.5 py-1.5 text-ink-2 hover:text-ink aria-[current]:bg-sunken aria-[current]:font-medium aria-[current]:text-ink"
            >
              {m.nav.moves}
            </Link>
            {operates && (
              // a page of the service, not of this script
              <a href={STREAMS} className="rounded-control px-2.5 py-1.5 text-ink-2 hover:text-ink">
                {m.nav.streams}
              </a>
            )}
          </nav>
          <div className="ms-auto" />
          <LanguageSwitch short />
          <ThemeButton />
          <Account />
        </div>
      </header>
      <main
        ref={main}
        id="main"
        tabIndex={-1}
        className="mx-auto max-w-page px-4 pt-5 pb-14 outline-none md:px-6 md:pt-6 md:pb-18"
      >
        {children}
      </main>
    </>
  );
}

export function LanguageSwitch({ short = false }: { short?: boolean }) {
  const { m, language } = useI18n();
  const setLanguage = useLanguageSwitch();
  return (
    <Segments<Language>
      label={m.nav.language}
      value={language}
      onChange={setLanguage}
      options={[
        { value: "fr", lang: "fr", content: short ? "FR" : "Français" },
        { value: "en", lang: "en", content: short ? "EN" : "English" },
      ]}
    />
  );
}

function ThemeButton() {
  const { m } = useI18n();
  const [theme, turn] = useTheme();
  return (
    <IconButton aria-label={m.nav.theme} onClick={turn}>
      <Icon name={theme === "dark" ? "sun" : "moon"} />
    </IconButton>
  );
}

function Account() {
  const { m } = useI18n();
  const user = useSignedIn();
  const streamsItem = {
    key: "streams",
    content: (
      <>
        <Icon name="list" />
        {m.nav.streams}
      </>
    ),
    onSelect: () => window.location.assign(STREAMS),
  };
  const signOutItem = {
    key: "out",
    content: (
      <>
        <Icon name="out" />
        {m.nav.signOut}
      </>
    ),
    onSelect: () => void leave(),
  };
  return (
    <Menu
      label={user ? `${m.nav.account} ${user.email}` : m.nav.account}
      buttonClass="grid size-10 place-items-center rounded-full md:size-8"
      button={
        <span
          data-initials={user?.email.slice(0, 2)}
          className="grid size-7 place-items-center rounded-full bg-brand-soft text-2xs font-semibold text-brand uppercase before:content-[attr(data-initials)]"
        />
      }
      items={user?.role === "operator" ? [streamsItem, signOutItem] : [signOutItem]}
    />
  );
}

interface HeadProps {
  titleId?: string;
  title: ReactNode;
  /** Beside the title: the badge. */
  beside?: ReactNode;
  /** At the other end: the live indicator and what can be done. The first child stays at the left on phones. */
  children?: ReactNode;
}

/** The title of a page, of one height in every state. */
export function Head({ titleId, title, beside, children }: HeadProps) {
  return (
    <div className="mt-1 mb-4 flex min-h-[34px] flex-wrap items-center gap-x-3 gap-y-2">
      <h1 id={titleId} className="min-w-0 text-lg font-semibold tracking-tight wrap-anywhere">
        {title}
      </h1>
      {beside}
      <div className="ms-auto flex min-h-10 flex-wrap items-center gap-2 max-md:w-full md:min-h-[34px] [&>[data-live]]:me-2.5 max-md:[&>[data-live]]:me-auto">
        {children}
      </div>
    </div>
  );
}

export function Crumb({ children }: { children: ReactNode }) {
  return (
    <div className="flex min-h-5 flex-wrap items-center gap-x-1.5 text-sm text-ink-3 [&_a]:text-ink-2 [&_a:hover]:underline [&_a:hover]:underline-offset-[3px]">
      {children}
    </div>
  );
}
