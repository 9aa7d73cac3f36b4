/**
 * Phones kill sockets without an error, and a page from the back/forward cache has none. `wake`: there can be no live line now, or there may be
 * one again. `look`: the page is seen again, after whatever time. Returns how to stop.
 */
export function onWaking(wake: () => void, look: () => void): () => void {
  const life = new AbortController();
  const { signal } = life;
  window.addEventListener("pageshow", (event) => event.persisted && wake(), { signal });
  window.addEventListener("online", wake, { signal });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look(), { signal });
  return () => life.abort();
}
