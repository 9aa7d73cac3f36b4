import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { Problem } from "../api/problem";
import type { Snapshot } from "../api/schema";
import type { Connection } from "./connection";
import { type Feed, pageFeed, type Tap } from "./feed";

export interface BatchProgress {
  /** The newest state; the last known one while the line is down. Photos that did not change stay the same object. */
  data: Snapshot | null;
  /** Nothing is known yet, and nothing has gone wrong for good. */
  isLoading: boolean;
  /** Why nothing more will come by itself, or why the service asks to wait; null otherwise. */
  error: Problem | null;
  isConnected: boolean;
  /** When the newest state came, Date.now(); null before the first. */
  lastUpdate: number | null;
  connection: Connection;
  /** The person asks for another try. */
  retry: () => void;
  /** After a call that opens a finished batch again (retry-failed, say): follow its next run. */
  reopen: () => void;
  /** After a call that answers with the whole batch (a correction, say): that state is shown, in all tabs. */
  learn: (batch: Snapshot) => void;
}

/** Follows a batch for as long as a component that uses it is mounted: one line for all components, tabs and batches. */
export function useBatchProgress(batchId: string, feed: Feed = pageFeed()): BatchProgress {
  const subscribe = useCallback((listener: () => void) => feed.follow(batchId, listener), [feed, batchId]);
  const view = useSyncExternalStore(subscribe, () => feed.view(batchId));
  return useMemo(() => {
    const { data, error, lastUpdate, connection } = view;
    const isOver = connection.phase === "refused" || connection.phase === "lost";
    return {
      ...{ data, error, lastUpdate, connection },
      isLoading: data === null && !isOver,
      isConnected: connection.phase === "live",
      retry: () => feed.retry(),
      reopen: () => feed.reopen(batchId),
      learn: (batch) => feed.learn(batch),
    };
  }, [view, feed, batchId]);
}

/** Each event of all batches that this tab follows, for the developer's panel. */
export function useStreamEvents(tap: Tap, feed: Feed = pageFeed()): void {
  const newest = useRef(tap);
  useEffect(() => {
    newest.current = tap;
  });
  useEffect(() => feed.tap((event, latency) => newest.current(event, latency)), [feed]);
}
