import type { PhotoStatus } from "../../api/schema";
import { useI18n } from "../../i18n";
import { Icon, Spinner } from "../base/Icon";

interface StatusIconProps {
  status: PhotoStatus;
  /** Where it is about something else than the analysis. */
  label?: string;
  className?: string;
}

/** Check, spinner, cross or clock; a new one fades in where the old one was. */
export function StatusIcon({ status, label, className = "size-[18px]" }: StatusIconProps) {
  const { m } = useI18n();
  const said = label ?? m.photo[status];
  return (
    <span key={status} data-status={status} className="inline-flex animate-arrive text-(--s-ink)">
      {status === "PROCESSING" ? (
        <Spinner className={className} label={said} />
      ) : (
        <Icon
          name={status === "DONE" ? "check" : status === "ERROR" ? "cross" : "clock"}
          className={className}
          label={said}
        />
      )}
    </span>
  );
}
