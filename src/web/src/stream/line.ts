import { BatchStream } from "./BatchStream";
import type { Connection } from "./connection";
import type { StreamEvent } from "./events";
import type { Ledger } from "./ledger";

/** How the events of several batches come to this tab. What comes is in the ledger before `onEvent` tells of it. */
export interface Line {
  readonly connection: Connection;
  follow(batches: readonly string[]): void;
  retry(): void;
  reopen(batchId: string): void;
  /** What came by another way than the stream: the answer to a call. All tabs hear of it. */
  learn(event: StreamEvent): void;
  close(): void;
}

export interface Heard {
  /** `event` is null where another tab said what it knows. */
  onEvent: (event: StreamEvent | null, changed: readonly string[]) => void;
  onConnection: (connection: Connection) => void;
}

/** A connection of this tab alone. */
export function ownLine(ledger: Ledger, heard: Heard): Line {
  return new BatchStream({ ledger, ...heard });
}
