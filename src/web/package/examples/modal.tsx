import { BatchProgressModal, useBatchProgress } from "@roomtally/progress";
import "@roomtally/progress/style.css";

/** Over your own page; closing it stops nothing. Mount it when there is a batch to follow. */
export function Following({ batchId, open, onClose }: { batchId: string; open: boolean; onClose: () => void }) {
  const { data, connection, lastUpdate, retry } = useBatchProgress(batchId);
  return (
    <BatchProgressModal
      open={open}
      onClose={onClose}
      progress={data}
      connection={connection}
      lastUpdate={lastUpdate}
      onRetry={retry}
      showPhotos
    />
  );
}
