import type { Snapshot } from "../api/schema";
import { Button } from "../components/base/Button";
import { Icon } from "../components/base/Icon";
import { Notice } from "../components/base/Notice";
import type { Filter } from "../components/progress/Counters";
import { isFinished } from "../components/progress/state";
import { useI18n } from "../i18n";

interface FailureNoticeProps {
  data: Snapshot;
  busy: boolean;
  onFilter: (filter: Filter) => void;
  onRetryAll: () => void;
}

function small(sentence: string): string {
  return sentence.charAt(0).toLocaleLowerCase() + sentence.slice(1);
}

/** At the end: which photos could not be counted, why, and the way to try them again. */
export function FailureNotice({ data, busy, onFilter, onRetryAll }: FailureNoticeProps) {
  const { m, reason } = useI18n();
  const { failed, completed } = data.counts;
  if (!failed || !isFinished(data.status)) return null;
  const only = failed === 1 ? data.photos.find((photo) => photo.status === "ERROR") : undefined;
  const allFailed = completed === 0 && data.status === "FAILED";
  const actions = data.status !== "CANCELLED" && (
    <Button onClick={onRetryAll} disabled={busy}>
      <Icon name="retry" />
      {failed === 1 ? m.act.retry : m.act.retryAll}
    </Button>
  );
  return (
    <Notice
      status="ERROR"
      title={allFailed ? m.trouble.allFailed.title : m.trouble.someFailed(failed)}
      actions={actions}
    >
      {only ? (
        <p>{`${only.filename}${m.colon}${small(reason(only.error ?? "").long)}`}</p>
      ) : allFailed ? (
        <p>{m.trouble.allFailed.text(failed)}</p>
      ) : (
        <button type="button" className="text-start underline underline-offset-3" onClick={() => onFilter("failed")}>
          {m.trouble.someFailedText}
        </button>
      )}
    </Notice>
  );
}
