import { createBatch, newKey } from "../api/client";
import { Problem } from "../api/problem";
import type { Snapshot } from "../api/schema";
import { type Sending, send } from "./send";

/**
 * waiting: for its turn (three at a time). sending. retrying: the network or the service failed, the next try is at `nextAt` (null: when
 * the network is back). done: `uploadId` is there. failed: `retry` may help. refused: this file cannot be taken (`problem`).
 */
export type UploadState = "waiting" | "sending" | "retrying" | "done" | "failed" | "refused";

export interface Upload {
  /** Of this page; stays the same over repeats. */
  readonly id: string;
  readonly file: File;
  readonly state: UploadState;
  /** 0 to 1, of the try under way; where the last one broke, until the next begins. */
  readonly progress: number;
  readonly uploadId: string | null;
  readonly problem: Problem | null;
  readonly nextAt: number | null;
}

const PARALLEL = 3; // fills a home line; the browser allows six per host, and the stream is one
const PAUSES_MS = [1000, 2000, 4000, 8000, 16_000, 30_000] as const; // then the person decides

interface Work {
  sending: Sending | null;
  timer: ReturnType<typeof setTimeout> | undefined;
  failures: number; // in a row
  /** The same over repeats: a photo whose answer was lost is not stored twice. */
  key: string;
}

/** Photos on their way to the service, each by itself. The list is a new one with each change; `subscribe` tells of it. */
export class UploadQueue {
  #uploads: readonly Upload[] = [];
  readonly #work = new Map<string, Work>();
  readonly #listeners = new Set<() => void>();
  #batch: { key: string; sent: Promise<Snapshot>; of: string } | null = null;
  #closed = false;

  constructor() {
    window.addEventListener("online", this.#onOnline);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly list = (): readonly Upload[] => this.#uploads;

  add(files: Iterable<File>): void {
    const added = [...files].map(fresh);
    for (const { id } of added) this.#work.set(id, { sending: null, timer: undefined, failures: 0, key: newKey() });
    this.#uploads = [...this.#uploads, ...added];
    this.#changed();
    this.#next();
  }

  retry(id: string): void {
    const upload = this.#find(id);
    const work = this.#work.get(id);
    if (!upload || !work || upload.state === "sending" || upload.state === "done") return;
    work.failures = 0;
    clearTimeout(work.timer);
    this.#set(id, { state: "waiting", problem: null, nextAt: null });
    this.#next();
  }

  remove(id: string): void {
    this.#stop(id);
    this.#work.delete(id);
    this.#uploads = this.#uploads.filter((upload) => upload.id !== id);
    this.#changed();
    this.#next();
  }

  /** Makes the batch of those that are done; asked again while it is made, or after a failure, it is the same batch. */
  async submit(projectId: string): Promise<Snapshot> {
    const done = this.#uploads.filter((upload) => upload.state === "done");
    const ids = done.flatMap((upload) => upload.uploadId ?? []);
    const of = [projectId, ...ids].join(" ");
    if (this.#batch?.of !== of) {
      const key = newKey();
      this.#batch = { key, of, sent: createBatch(projectId, ids, key) };
    } else {
      const { key } = this.#batch;
      this.#batch.sent = this.#batch.sent.catch(() => createBatch(projectId, ids, key));
    }
    const snapshot = await this.#batch.sent;
    this.#batch = null;
    for (const { id } of done) this.remove(id);
    return snapshot;
  }

  close(): void {
    this.#closed = true;
    window.removeEventListener("online", this.#onOnline);
    for (const id of this.#work.keys()) this.#stop(id);
  }

  // --- one after the other

  #next(): void {
    if (this.#closed) return;
    let free = PARALLEL - this.#uploads.filter((upload) => upload.state === "sending").length;
    for (const upload of this.#uploads) {
      if (free > 0 && upload.state === "waiting") {
        free -= 1;
        this.#begin(upload);
      }
    }
  }

  #begin({ id, file }: Upload): void {
    const work = this.#work.get(id);
    if (!work) return;
    this.#set(id, { state: "sending", progress: 0, problem: null, nextAt: null });
    work.sending = send(file, work.key, (share) => this.#set(id, { progress: share }));
    work.sending.uploadId.then(
      (uploadId) => this.#done(id, uploadId),
      (error: unknown) => this.#failed(id, error),
    );
  }

  #done(id: string, uploadId: string): void {
    this.#set(id, { state: "done", progress: 1, uploadId });
    this.#next();
  }

  /** Aborted by us: whoever did so has said what it is now. */
  #failed(id: string, error: unknown): void {
    const work = this.#work.get(id);
    if (!work || !(error instanceof Problem)) return;
    work.failures += 1;
    if (!error.passes) this.#set(id, { state: error.status === 401 ? "failed" : "refused", problem: error });
    else if (!navigator.onLine) this.#set(id, { state: "retrying", problem: error, nextAt: null });
    else this.#later(id, work, error);
    this.#next();
  }

  #later(id: string, work: Work, problem: Problem): void {
    const pause = PAUSES_MS[work.failures - 1];
    if (pause === undefined) {
      this.#set(id, { state: "failed", problem });
      return;
    }
    const wait = Math.max(problem.retryAfterMs ?? 0, pause);
    this.#set(id, { state: "retrying", problem, nextAt: Date.now() + wait });
    work.timer = setTimeout(() => this.#again(id), wait);
  }

  #again(id: string): void {
    this.#set(id, { state: "waiting", nextAt: null });
    this.#next();
  }

  /** The network is back: whatever waited for it goes on, with all tries again. */
  readonly #onOnline = () => {
    for (const { id, state, problem } of this.#uploads) {
      if (state === "retrying" || (state === "failed" && problem?.status === 0)) this.retry(id);
    }
  };

  // --- the list

  #find(id: string): Upload | undefined {
    return this.#uploads.find((upload) => upload.id === id);
  }

  #set(id: string, change: Partial<Upload>): void {
    this.#uploads = this.#uploads.map((upload) => (upload.id === id ? { ...upload, ...change } : upload));
    this.#changed();
  }

  #stop(id: string): void {
    const work = this.#work.get(id);
    clearTimeout(work?.timer);
    work?.sending?.abort();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function fresh(file: File): Upload {
  return { id: newKey(), file, state: "waiting", progress: 0, uploadId: null, problem: null, nextAt: null };
}
