import type { PhotoStatus } from "../../api/schema";
import { useI18n } from "../../i18n";
import { Icon, Spinner } from "../base/Icon";

/** Check, spinner, cross or clock; a new one fades in where the old one was. */
export function StatusIcon({ status, className = "size-[18px]" }: { status: PhotoStatus; className?: string }) {
  const { m } = useI18n();
  return (
    <span key={status} data-status={status} className="inline-flex animate-arrive text-(--s-ink)">
      {status === "PROCESSING" ? (
        <Spinner className={className} label={m.photo[status]} />
      ) : (
        <Icon
          name={status === "DONE" ? "check" : status === "ERROR" ? "cross" : "clock"}
          className={className}
          label={m.photo[status]}
        />
      )}
    </span>
  );
}
