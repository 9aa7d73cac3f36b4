import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Snapshot } from "../api/schema";
import { type Upload, UploadQueue } from "./queue";

export interface Uploads {
  /** In the order in which they were added. The object of a photo that did not change stays the same. */
  uploads: readonly Upload[];
  /** All are done, and there is at least one. */
  isReady: boolean;
  add: (files: Iterable<File>) => void;
  /** Sends a failed one again. */
  retry: (id: string) => void;
  /** Takes one out, in whatever state; what was sent of it expires at the service. */
  remove: (id: string) => void;
  /** Makes the batch of those that are done, once however often it is called, and takes them off the list. Raises `Problem`. */
  submit: (projectId: string) => Promise<Snapshot>;
}

let ofPage: UploadQueue | undefined;

/** The queue of this tab: photos go on while the person looks at another page. */
export function pageUploads(): UploadQueue {
  ofPage ??= new UploadQueue();
  return ofPage;
}

export function useUploads(queue?: UploadQueue): Uploads {
  const [its] = useState(() => queue ?? pageUploads());
  const uploads = useSyncExternalStore(its.subscribe, its.list);
  const busy = uploads.some((upload) => upload.state === "sending" || upload.state === "waiting");
  useEffect(() => (busy ? askBeforeLeaving() : undefined), [busy]);
  return useMemo(
    () => ({
      uploads,
      isReady: uploads.length > 0 && uploads.every((upload) => upload.state === "done"),
      add: (files) => its.add(files),
      retry: (id) => its.retry(id),
      remove: (id) => its.remove(id),
      submit: (projectId) => its.submit(projectId),
    }),
    [its, uploads],
  );
}

/** The browser's own question, in its own words. */
function askBeforeLeaving(): () => void {
  const ask = (event: BeforeUnloadEvent) => event.preventDefault();
  window.addEventListener("beforeunload", ask);
  return () => window.removeEventListener("beforeunload", ask);
}
