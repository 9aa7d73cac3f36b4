import { type Problem, problemOf, unreachable } from "../api/problem";
import type { Uploaded } from "../api/schema";

export interface Sending {
  /** Rejects with `Problem`, or "aborted". */
  uploadId: Promise<string>;
  abort: () => void;
}

const SILENT_MS = 60_000; // without one more byte; the service waits as long

/**
 * One photo, as it is. XMLHttpRequest, since fetch does not say how far it has come (streamed bodies need HTTP/2 and Chromium).
 * The type is only a hint: the service looks at the bytes.
 */
export function send(file: File, key: string, onProgress: (share: number) => void): Sending {
  const request = new XMLHttpRequest();
  const uploadId = new Promise<string>((resolve, reject: (reason: Problem | string) => void) => {
    let silent: ReturnType<typeof setTimeout>;
    const watch = () => {
      clearTimeout(silent);
      silent = setTimeout(() => {
        reject(unreachable());
        request.abort();
      }, SILENT_MS);
    };
    request.upload.onprogress = ({ loaded, total }) => {
      watch();
      onProgress(total ? Math.min(loaded / total, 1) : 0);
    };
    request.onload = () => {
      if (request.status === 201) resolve((JSON.parse(request.responseText) as Uploaded).uploadId);
      else reject(problemOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject("aborted");
    request.onloadend = () => clearTimeout(silent);
    watch();
  });
  request.open("POST", "/api/uploads");
  request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
  request.setRequestHeader("X-Filename", encodeURIComponent(file.name.toWellFormed?.() ?? file.name));
  request.setRequestHeader("Idempotency-Key", key);
  request.send(file);
  return { uploadId, abort: () => request.abort() };
}
