import { useEffect, useRef, useState } from "react";
import { Button } from "../components/base/Button";
import { CARD, CardHead } from "../components/base/Card";
import { useI18n } from "../i18n";
import { type Connection, type StreamEvent, useStreamEvents } from "../stream";

const KEPT = 200; // events
const DRAWN_EVERY = 250; // ms: twenty events a second need no twenty drawings

interface Seen {
  n: number;
  event: StreamEvent;
  latency: number | null;
}

/** The raw events of this tab with how long they took from the commit, for those who build on the stream. */
export default function DeveloperPanel({ connection }: { connection: Connection }) {
  const { m } = useI18n();
  const [seen, clear] = useSeen();
  return (
    <section className={`${CARD} mt-4 overflow-hidden`} aria-labelledby="developer-title">
      <CardHead id="developer-title" title={m.developer.title}>
        <code className="text-xs text-ink-3">{JSON.stringify(connection)}</code>
        <Button size="small" className="ms-auto" onClick={clear}>
          {m.developer.clear}
        </Button>
      </CardHead>
      <Latency seen={seen} />
      <EventList seen={seen} />
    </section>
  );
}

function useSeen(): [readonly Seen[], () => void] {
  const [drawn, draw] = useState<readonly Seen[]>([]);
  const newest = useRef<Seen[]>([]);
  const count = useRef(0);
  useStreamEvents((event, latency) => {
    count.current += 1;
    newest.current = [{ n: count.current, event, latency: latency ?? null }, ...newest.current].slice(0, KEPT);
  });
  useEffect(() => {
    const timer = setInterval(() => draw(newest.current), DRAWN_EVERY);
    return () => clearInterval(timer);
  }, []);
  function clear() {
    newest.current = [];
    draw([]);
  }
  return [drawn, clear];
}

function Latency({ seen }: { seen: readonly Seen[] }) {
  const { m } = useI18n();
  const values = seen.flatMap(({ latency }) => (latency === null ? [] : [latency])).sort((one, two) => one - two);
  const told = (value: number | undefined) => (value === undefined ? "–" : `${value.toFixed(1)} ms`);
  return (
    <dl className="grid grid-cols-3 border-b border-line text-sm [&>div]:border-line [&>div]:px-4 [&>div]:py-2.5 [&>div:not(:first-child)]:border-s [&_dt]:text-xs [&_dt]:text-ink-3">
      <div>
        <dt>{`${m.developer.latency}, ${m.developer.median}`}</dt>
        <dd>{told(values[Math.floor(values.length / 2)])}</dd>
      </div>
      <div>
        <dt>{`${m.developer.latency}, ${m.developer.worst}`}</dt>
        <dd>{told(values.at(-1))}</dd>
      </div>
      <div>
        <dt>{m.developer.events}</dt>
        <dd>{m.developer.samples(values.length)}</dd>
      </div>
    </dl>
  );
}

function EventList({ seen }: { seen: readonly Seen[] }) {
  const { m } = useI18n();
  if (!seen.length) return <p className="px-4 py-3 text-sm text-ink-3">{m.developer.none}</p>;
  return (
    <ol className="max-h-80 overflow-auto font-mono text-xs" aria-label={m.developer.events}>
      {seen.map(({ n, event, latency }) => (
        <li key={n} className="border-line not-first:border-t">
          <details>
            <summary className="grid cursor-pointer grid-cols-[4rem_5rem_5rem_minmax(0,1fr)] gap-2 px-4 py-1.5 hover:bg-hover">
              <span className="text-ink-3">{n}</span>
              <b className="font-medium">{event.name}</b>
              <span className="text-end text-ink-3">{latency === null ? "–" : `${latency.toFixed(1)} ms`}</span>
              <span className="truncate text-ink-3">{JSON.stringify(event.data)}</span>
            </summary>
            <pre className="overflow-auto bg-sunken px-4 py-2">{JSON.stringify(event.data, null, 2)}</pre>
          </details>
        </li>
      ))}
    </ol>
  );
}
