import { useCallback, useEffect, useState } from "react";
import { isProblem, Problem } from "../api";
import { replace } from "../router";
import { signInAddress } from "./session";

export interface Loaded<T> {
  data: T | null;
  problem: Problem | null;
  reload: () => void;
}

/** What `load` answers; a signed-out person is sent to sign in and comes back. `load` must keep its identity. */
export function useLoaded<T>(load: ((signal: AbortSignal) => Promise<T>) | null): Loaded<T> {
  const [state, setState] = useState<{ data: T | null; problem: Problem | null }>({ data: null, problem: null });
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` asks again for the same
  useEffect(() => {
    if (!load) return;
    const stop = new AbortController();
    load(stop.signal).then(
      (data) => stop.signal.aborted || setState({ data, problem: null }),
      (error: unknown) => {
        if (stop.signal.aborted) return;
        if (isProblem(error) && error.status === 401) replace(signInAddress());
        else setState((before) => ({ ...before, problem: isProblem(error) ? error : strange(error) }));
      },
    );
    return () => stop.abort();
  }, [load, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { ...state, reload };
}

function strange(error: unknown): Problem {
  return new Problem("unexpected-answer", 0, String(error));
}
