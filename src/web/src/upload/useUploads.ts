import type { Snapshot } from "../api/schema";
import type { Upload } from "./queue";

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
  /** Makes the batch of those that are done, once however often it is called, and empties the list. Raises `Problem`. */
  submit: (projectId: string) => Promise<Snapshot>;
}

export declare function useUploads(): Uploads;
