import { useCallback, useEffect, useRef, useState } from "react";
import { cancelBatch, deleteBatch, isProblem, pauseBatch, resumeBatch, retryFailed, retryPhoto } from "../api";
import { replace } from "../router";
import type { BatchProgress } from "../stream";
import { signInAddress } from "./session";

export interface BatchActions {
  /** A call is under way. */
  busy: boolean;
  /** The last call did not work. */
  failed: boolean;
  pause: () => void;
  resume: () => void;
  cancel: () => void;
  retryAll: () => void;
  retryOne: (photoId: string) => void;
  remove: () => void;
}

/** What a person may do to a batch. The answer comes by the stream; a batch that is opened again is followed again. */
export function useBatchActions(batchId: string, progress: BatchProgress): BatchActions {
  const [state, setState] = useState({ busy: false, failed: false });
  const newest = useRef(progress);
  useEffect(() => {
    newest.current = progress;
  });
  const call = useCallback(async (wish: () => Promise<unknown>, after?: () => void) => {
    setState({ busy: true, failed: false });
    try {
      await wish();
      setState({ busy: false, failed: false });
      after?.();
    } catch (error) {
      if (isProblem(error) && error.status === 401) replace(signInAddress());
      setState({ busy: false, failed: true });
    }
  }, []);
  const retryOne = useCallback(
    (photoId: string) =>
      void call(
        () => retryPhoto(photoId),
        () => newest.current.reopen(),
      ),
    [call],
  );
  return {
    ...state,
    retryOne,
    pause: () => void call(() => pauseBatch(batchId)),
    resume: () => void call(() => resumeBatch(batchId)),
    cancel: () => void call(() => cancelBatch(batchId)),
    retryAll: () =>
      void call(
        () => retryFailed(batchId),
        () => newest.current.reopen(),
      ),
    remove: () =>
      void call(
        () => deleteBatch(batchId),
        () => replace("/"),
      ),
  };
}
