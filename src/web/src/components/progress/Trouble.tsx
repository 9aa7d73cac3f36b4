import type { ReactNode } from "react";
import { type Messages, useI18n } from "../../i18n";
import type { Connection } from "../../stream";
import { Button, buttonClass } from "../base/Button";
import { useSecondsUntil } from "../base/browser";
import { Icon, type IconName } from "../base/Icon";
import { Notice } from "../base/Notice";

interface TroubleProps {
  connection: Connection;
  lastUpdate: number | null;
  onRetry: () => void;
  /** Where to sign in again. */
  signInAt?: string | undefined;
}

interface Told {
  key: string;
  status: "ERROR" | "PARTIAL" | "PENDING";
  icon?: IconName;
  title: string;
  text: string;
  actions?: ReactNode;
}

/** What is wrong with the line, what is safe, and what to do. Nothing while it heals by itself within its tries. */
export function Trouble({ connection, lastUpdate, onRetry, signInAt = "/login" }: TroubleProps) {
  const { m } = useI18n();
  const seconds = useSecondsUntil(connection.phase === "waiting" ? connection.nextAt : null) ?? 0;
  const told = tell(m, connection, lastUpdate, seconds, onRetry, signInAt);
  if (!told) return null;
  return (
    <Notice
      key={told.key}
      status={told.status}
      {...(told.icon && { icon: told.icon })}
      title={told.title}
      actions={told.actions}
    >
      <p>{told.text}</p>
    </Notice>
  );
}

function tell(
  m: Messages,
  connection: Connection,
  lastUpdate: number | null,
  seconds: number,
  onRetry: () => void,
  signInAt: string,
): Told | null {
  const again = (word: string) => (
    <Button onClick={onRetry}>
      <Icon name="retry" />
      {word}
    </Button>
  );
  switch (connection.phase) {
    case "lost":
      return {
        key: "lost",
        status: "ERROR",
        icon: "off",
        title: m.trouble.lost.title,
        text: m.trouble.lost.text(lastUpdate),
        actions: again(m.act.reconnect),
      };
    case "offline":
      return { key: "offline", status: "PENDING", icon: "off", ...m.trouble.offline };
    case "waiting": {
      const why = connection.problem.status === 429 ? m.trouble.tooMany : m.trouble.busy;
      return {
        key: "waiting",
        status: "PENDING",
        title: why.title,
        text: why.text(seconds),
        actions: again(m.act.tryNow),
      };
    }
    case "refused":
      return refusal(m, connection.problem.slug, signInAt, again(m.act.reconnect));
    default:
      return null;
  }
}

const SIGNED_OUT = new Set(["not-signed-in", "session-ended", "invalid-token", "invalid-ticket"]);

function refusal(m: Messages, slug: string, signInAt: string, again: ReactNode): Told {
  if (SIGNED_OUT.has(slug)) {
    const signIn = (
      <a className={buttonClass("go")} href={signInAt}>
        <Icon name="right" />
        {m.act.signIn}
      </a>
    );
    return { key: "session", status: "PARTIAL", ...m.trouble.session, actions: signIn };
  }
  if (slug === "batch-deleted" || slug === "batch-not-found")
    return { key: "gone", status: "PENDING", ...m.trouble.gone };
  const why = slug === "closed-by-operator" ? m.trouble.closed : m.trouble.other;
  return { key: slug, status: "PENDING", ...why, actions: again };
}
