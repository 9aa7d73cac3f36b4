import { BatchProgressBar, useBatchProgress } from "@roomtally/progress";
import "@roomtally/progress/style.css";

/** As a part of your own page. */
export function Order({ batchId }: { batchId: string }) {
  const { data, isLoading, error, isConnected, connection, retry } = useBatchProgress(batchId);
  if (isLoading) return <p>One moment…</p>;
  if (error && !data) return <p role="alert">{error.detail}</p>;
  return (
    <section aria-busy={!isConnected && connection.phase !== "ended"}>
      <BatchProgressBar progress={data} connection={connection} onRetry={retry} showPhotos />
    </section>
  );
}
