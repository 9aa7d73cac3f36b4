import { BatchStream } from "../stream/BatchStream";
import { Feed } from "../stream/feed";

interface Elsewhere {
  /** The service's address, `https://tally.example`: it must name the page's origin in ROOMTALLY_STREAM_ORIGINS. */
  base: string;
  /** A fresh one-time ticket for each connection: POST /api/stream-tickets, asked by the page's own server with an API token. */
  ticket: () => Promise<string>;
}

/** For a service of another origin: make it once, and hand it to `useBatchProgress` as the second argument. One line a tab. */
export function connectTo({ base, ticket }: Elsewhere): Feed {
  return new Feed((ledger, heard) => new BatchStream({ base, ticket, ledger, ...heard }));
}
