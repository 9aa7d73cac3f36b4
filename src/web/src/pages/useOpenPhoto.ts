import { useCallback, useState } from "react";
import type { Snapshot } from "../api/schema";

export interface OpenPhoto {
  /** The person's choice, else the first photo that was counted; that one stays. */
  id: string | null;
  /** Whether the person has chosen: only then more is asked of the service, and a sheet opens on phones. */
  chosen: boolean;
  open: (id: string) => void;
  close: () => void;
  step: (by: 1 | -1) => void;
}

/** Which photo is open. New results never take its place. */
export function useOpenPhoto(progress: Snapshot | null): OpenPhoto {
  const [state, setState] = useState<{ id: string | null; chosen: boolean }>({ id: null, chosen: false });
  const photos = progress?.photos;
  if (state.id === null) {
    const first = photos?.find((photo) => photo.status === "DONE" && photo.itemCount > 0);
    if (first) setState({ id: first.id, chosen: false });
  }
  const open = useCallback((id: string) => setState({ id, chosen: true }), []);
  const close = useCallback(() => setState((before) => ({ ...before, chosen: false })), []);
  function step(by: 1 | -1) {
    if (!photos?.length) return;
    const place = photos.findIndex((photo) => photo.id === state.id);
    const next = photos[(place + by + photos.length) % photos.length];
    if (next) open(next.id);
  }
  return { ...state, open, close, step };
}
