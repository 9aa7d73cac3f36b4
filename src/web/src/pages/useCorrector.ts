import { useEffect, useMemo, useRef } from "react";
import type { Corrector } from "../components/photos/PhotoItems";
import { replace } from "../router";
import type { BatchProgress } from "../stream";
import { signInAddress } from "./session";

/** What corrections do to the page of their batch: it shows the state that came with the answer, and asks anew where somebody was quicker. */
export function useCorrector(progress: BatchProgress): Corrector {
  const newest = useRef(progress);
  useEffect(() => {
    newest.current = progress;
  });
  return useMemo(
    () => ({
      onBatch: (batch) => newest.current.learn(batch),
      onStale: () => newest.current.reopen(),
      onSignedOut: () => replace(signInAddress()),
    }),
    [],
  );
}
