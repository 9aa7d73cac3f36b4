import type { ReactNode } from "react";

export const CARD = "rounded-card border border-line bg-surface shadow-card";

export function CardHead({ id, title, children }: { id: string; title: ReactNode; children?: ReactNode }) {
  return (
    <div className="flex min-h-12 flex-wrap items-center gap-2 border-b border-line py-1.5 pr-2 pl-4 max-md:has-[select]:py-3 max-md:has-[select]:pr-4">
      <h2 id={id} className="min-w-0 text-base font-semibold">
        {title}
      </h2>
      {children}
    </div>
  );
}
