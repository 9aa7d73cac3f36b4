import type { EventName, StreamEvent } from "./events";

const NAMES: readonly EventName[] = ["progress", "change", "complete", "ping", "timeout", "reset"];

export interface Told {
  hear: (event: StreamEvent) => void;
  /** The browser tries again by itself (CONNECTING), or has given up (CLOSED), as it does on any answer but 200. */
  broken: (source: EventSource) => void;
}

/** One connection; what it says after it was closed is heard too, and is for the caller to throw away. */
export function openSource(address: string, { hear, broken }: Told): EventSource {
  const source = new EventSource(address);
  const pass = (name: EventName, message: MessageEvent<string>) => {
    const event = read(name, message.data);
    if (event) hear(event);
  };
  for (const name of NAMES) source.addEventListener(name, (message) => pass(name, message));
  source.addEventListener("error", (event) => {
    // An event of the service that is named `error` has data; the browser's own has none.
    if (event instanceof MessageEvent) pass("error", event);
    else broken(source);
  });
  return source;
}

/** `base`: of another origin, whose `ticket` is used up by one connection. `after`: the id to come back with. */
export function addressOf(
  base: string | undefined,
  batches: readonly string[],
  after: string | null,
  ticket: string | undefined,
): string {
  const query = new URLSearchParams(batches.map((batchId) => ["batch", batchId]));
  query.set("mode", "delta");
  if (after) query.set("after", after);
  if (ticket !== undefined) query.set("ticket", ticket);
  return `${base ?? ""}/api/stream?${query}`;
}

/** Null for what is no JSON: it is as if it had not come. Fields that nobody knows are kept and looked at by nobody. */
function read(name: EventName, text: string): StreamEvent | null {
  try {
    return { name, data: JSON.parse(text), at: Date.now() } as StreamEvent;
  } catch {
    return null;
  }
}
