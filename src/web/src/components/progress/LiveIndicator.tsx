import { type Messages, useI18n } from "../../i18n";
import type { Connection } from "../../stream";

type Tone = "live" | "connect" | "retry" | "lost" | "still";

const DOTS: Readonly<Record<Tone, string>> = {
  live: "size-2 rounded-full bg-completed live-ring",
  connect: "size-2.5 animate-spin rounded-full border-2 border-line-strong border-r-transparent",
  retry: "size-2 rounded-full bg-partial",
  lost: "size-2 rounded-full bg-failed",
  still: "size-2 rounded-full bg-queued",
};
const INKS: Readonly<Record<Tone, string>> = {
  live: "text-completed-ink",
  connect: "text-ink-2",
  retry: "text-partial-ink",
  lost: "text-failed-ink",
  still: "text-ink-2",
};

/** A dot and a word for the line to the service. The ring beats only while the line is alive. */
export function LiveIndicator({ connection }: { connection: Connection }) {
  const { m } = useI18n();
  const [tone, word] = told(m, connection);
  return (
    <span
      className={`inline-flex items-center gap-2 text-sm font-medium whitespace-nowrap ${INKS[tone]}`}
      data-live={connection.phase}
    >
      <span className="grid size-2.5 place-items-center">
        <span className={`relative ${DOTS[tone]}`} />
      </span>
      {word}
    </span>
  );
}

function told(m: Messages, connection: Connection): [Tone, string] {
  switch (connection.phase) {
    case "connecting":
      return ["connect", m.live.connecting];
    case "live":
      return ["live", m.live.live];
    case "reconnecting":
      return ["retry", m.live.retrying(connection.attempt, connection.tries)];
    case "waiting":
      return ["retry", m.live.reconnecting];
    case "offline":
      return ["still", m.live.offline];
    case "ended":
      return ["still", m.live.ended];
    case "lost":
    case "refused":
      return ["lost", m.live.lost];
  }
}
