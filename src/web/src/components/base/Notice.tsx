import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon";
import { useArrival } from "./motion";

interface NoticeProps {
  status: "ERROR" | "PARTIAL" | "PENDING";
  icon?: IconName;
  title: string;
  children: ReactNode;
  actions?: ReactNode;
}

/** What happened, what is safe, what to do. Stands below the header of the page, never above. */
export function Notice({ status, icon, title, children, actions }: NoticeProps) {
  const arrival = useArrival<HTMLElement>();
  return (
    <section
      ref={arrival}
      data-status={status}
      className="mt-4 flex flex-wrap items-start gap-x-2.5 gap-y-2 rounded-card bg-(--s-soft) py-3 pr-3 pl-4 md:flex-nowrap"
    >
      <Icon name={icon ?? (status === "PENDING" ? "info" : "alert")} className="mt-0.5 size-4 text-(--s-ink)" />
      <div className="min-w-0 flex-1 wrap-anywhere">
        <strong className="font-semibold text-(--s-ink)">{title}</strong>
        <div className="text-ink-2">{children}</div>
      </div>
      {actions && (
        <div className="flex basis-full gap-2 self-center max-md:[&>*]:flex-1 md:ml-auto md:basis-auto">{actions}</div>
      )}
    </section>
  );
}
