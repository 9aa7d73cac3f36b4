import { BatchProgressBar, connectTo, useBatchProgress } from "@roomtally/progress";

/** Your own server asks for the ticket with its API token; the browser never sees the token. */
async function ticket(): Promise<string> {
  const answer = await fetch("/my-own-server/stream-ticket", { method: "POST" });
  return (await answer.json()).ticket;
}

const tally = connectTo({ base: "https://tally.example", ticket });

export function Order({ batchId }: { batchId: string }) {
  const { data, connection, retry } = useBatchProgress(batchId, tally);
  return <BatchProgressBar progress={data} connection={connection} onRetry={retry} />;
}
