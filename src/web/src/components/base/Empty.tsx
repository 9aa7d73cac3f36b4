import type { ReactNode } from "react";

/** Where there is nothing: a box, a sentence, and perhaps what to do. */
export function Empty({ title, level = 2, children }: { title?: string; level?: 1 | 2 | 3; children?: ReactNode }) {
  const Heading = `h${level}` as const;
  return (
    <div className="grid justify-items-center gap-1.5 px-6 py-8 text-center text-ink-3">
      <svg
        width="64"
        height="48"
        viewBox="0 0 64 48"
        className="mb-1 fill-none stroke-current stroke-[1.6] text-kraft-deep [stroke-linejoin:round]"
        aria-hidden="true"
      >
        <path d="M12 18h40v26H12z" />
        <path d="m12 18 8-8h24l8 8M32 10v8" />
      </svg>
      {title && <Heading className="text-base font-semibold text-ink">{title}</Heading>}
      <div className="grid max-w-[34ch] justify-items-center gap-3 text-sm text-balance">{children}</div>
    </div>
  );
}

/** Grey where words will stand; the words' own size, so that nothing moves when they come. */
export function Skeleton({ children, className = "" }: { children: ReactNode; className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={`inline-block rounded-[5px] bg-sunken text-transparent select-none ${className}`}
    >
      {children}
    </span>
  );
}
