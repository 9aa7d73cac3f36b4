import { BatchStream } from "@roomtally/progress";

/** Without React: what happens, as it happens. Returns what ends it. */
export function follow(batchId: string, show: (line: string) => void): () => void {
  const stream = new BatchStream({
    onEvent: (event) => {
      const state = stream.ledger.of(batchId).snapshot;
      show(`${event.name}: ${state?.progress ?? 0} %`);
    },
    onConnection: ({ phase }) => show(phase),
  });
  stream.follow([batchId]);
  return () => stream.close();
}
