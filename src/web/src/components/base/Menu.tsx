import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";

export interface MenuItem {
  key: string;
  content: ReactNode;
  bad?: boolean;
  onSelect: () => void;
}

interface MenuProps {
  label: string;
  button: ReactNode;
  buttonClass: string;
  items: readonly MenuItem[];
}

const PLACE = "absolute end-0 top-full z-20 mt-1 min-w-48 rounded-card border border-line bg-raised p-1 shadow-pop";
/** 8 px and a fade: in calmly, out quickly. */
const MOVES =
  "transition-[opacity,translate,display] duration-(--duration-state) ease-settle transition-discrete starting:not-[[hidden]]:-translate-y-2 starting:not-[[hidden]]:opacity-0 [&[hidden]]:-translate-y-2 [&[hidden]]:opacity-0 [&[hidden]]:duration-(--duration-touch) [&[hidden]]:ease-leave";

/** A button with a few rarer actions. Arrows move, Escape closes and gives the focus back. */
export function Menu({ label, button, buttonClass, items }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const outside = (event: Event) => root.current?.contains(event.target as Node) || setOpen(false);
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  function close() {
    setOpen(false);
    opener.current?.focus();
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "Tab") setOpen(false);
    if (event.key === "Escape") close();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(root.current, event.key === "ArrowDown" ? 1 : -1);
    }
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the menu inside
    <div ref={root} className="relative" onKeyDown={open ? onKeyDown : undefined}>
      <button
        ref={opener}
        type="button"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        className={buttonClass}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      <div role="menu" aria-label={label} hidden={!open} className={`${PLACE} ${MOVES}`}>
        {items.map((item) => (
          <button
            key={item.key}
            type="button"
            role="menuitem"
            tabIndex={-1}
            onClick={() => {
              close();
              item.onSelect();
            }}
            className={`flex min-h-10 w-full items-center gap-2 rounded-control px-2.5 text-start whitespace-nowrap hover:bg-hover focus-visible:bg-hover md:min-h-8 ${item.bad ? "text-failed-ink" : "[&_svg]:text-ink-3"}`}
          >
            {item.content}
          </button>
        ))}
      </div>
    </div>
  );
}

function step(root: HTMLElement | null, by: 1 | -1): void {
  const items = [...(root?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  const place = items.indexOf(document.activeElement as HTMLElement);
  items[(place + by + items.length) % items.length]?.focus();
}
