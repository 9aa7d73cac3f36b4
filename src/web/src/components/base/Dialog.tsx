import { type ReactNode, type Ref, useId, useImperativeHandle, useLayoutEffect, useRef } from "react";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  /** A heading inside has this id; else `label` names the dialog. */
  labelledBy?: string;
  label?: string;
  /** A sheet on phones: it comes from below and fills the width. */
  sheet?: boolean;
  className?: string;
  children?: ReactNode;
  ref?: Ref<HTMLDialogElement>;
}

const BASE =
  "m-auto hidden w-full rounded-dialog border-0 bg-raised p-0 text-ink shadow-dialog backdrop:bg-[oklch(0.18_0.01_60/0.55)] open:block";
const MOVES =
  "translate-y-2 opacity-0 transition-[opacity,translate,overlay,display] duration-(--duration-touch) ease-leave transition-discrete open:translate-y-0 open:opacity-100 open:duration-(--duration-state) open:ease-settle starting:open:translate-y-2 starting:open:opacity-0";
const SHEET =
  "max-md:mb-0 max-md:max-h-[92dvh] max-md:max-w-none max-md:rounded-b-none max-md:pb-[env(safe-area-inset-bottom)]";

/**
 * The browser's own modal: it holds the focus, closes on Escape, and gives the focus back to what opened it. `onClose` is the person's wish:
 * the browser tells of every close, a little later, and by then the page may have closed it itself, or opened it again.
 */
export function Dialog({ open, onClose, labelledBy, label, sheet, className = "", children, ref }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useImperativeHandle(ref, () => dialog.current as HTMLDialogElement, []);
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (open && !element.open) element.showModal();
    if (!open && element.open) element.close();
  }, [open]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard has Escape; a click beside the dialog is a second way
    <dialog
      ref={dialog}
      aria-labelledby={labelledBy}
      aria-label={label}
      onClose={() => open && !dialog.current?.open && onClose()}
      onClick={(event) => event.target === event.currentTarget && onClose()}
      className={`${BASE} ${MOVES} ${sheet ? SHEET : "max-w-md"} ${className}`}
    >
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  open: boolean;
  title: string;
  text: string;
  yes: string;
  no: string;
  onYes: () => void;
  onNo: () => void;
}

/** Asks before something that cannot be taken back. The harmless answer has the focus. */
export function Confirm({ open, title, text, yes, no, onYes, onNo }: ConfirmProps) {
  const id = useId();
  return (
    <Dialog open={open} onClose={onNo} labelledBy={id} className="max-w-[calc(100vw-2rem)] sm:max-w-sm">
      <div className="p-5">
        <h2 id={id} className="text-md font-semibold">
          {title}
        </h2>
        <p className="mt-1.5 text-ink-2">{text}</p>
        <div className="mt-5 flex flex-wrap justify-end gap-2">
          <ConfirmButtons yes={yes} no={no} onYes={onYes} onNo={onNo} />
        </div>
      </div>
    </Dialog>
  );
}

function ConfirmButtons({ yes, no, onYes, onNo }: Pick<ConfirmProps, "yes" | "no" | "onYes" | "onNo">) {
  const button = "min-h-10 rounded-control border px-3 font-medium transition-colors md:min-h-[34px]";
  return (
    <>
      <button type="button" className={`${button} border-line bg-surface hover:bg-hover`} onClick={onNo}>
        {no}
      </button>
      <button
        type="button"
        className={`${button} border-transparent bg-failed-soft text-failed-ink hover:border-failed`}
        onClick={onYes}
      >
        {yes}
      </button>
    </>
  );
}
