import type { BatchStatus } from "../../api/schema";
import { useI18n } from "../../i18n";
import { Icon, type IconName } from "./Icon";

const ICONS: Partial<Record<BatchStatus, IconName>> = {
  QUEUED: "clock",
  COMPLETED: "check",
  PARTIAL: "alert",
  FAILED: "cross",
  CANCELLING: "stop",
  CANCELLED: "stop",
};

/** The state in a word, with its colour and its icon. A paused batch keeps its colour and gets still stripes. */
export function Badge({ status, paused }: { status: BatchStatus; paused: boolean }) {
  const { m } = useI18n();
  const icon = paused ? "pause" : ICONS[status];
  return (
    <span
      key={paused ? "paused" : status}
      data-status={status}
      className={`inline-flex h-[22px] animate-fade items-center gap-[5px] rounded-full px-2 text-2xs font-semibold tracking-caps whitespace-nowrap text-(--s-ink) uppercase ${paused ? "badge-stripes" : "bg-(--s-soft)"}`}
    >
      {icon && <Icon name={icon} className="size-3 stroke-2" />}
      {paused ? m.status.paused : m.status[status]}
    </span>
  );
}
