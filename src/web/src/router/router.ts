import { useMemo, useSyncExternalStore } from "react";

/** The addresses of the page. The service serves the same document at each of them (`roomtally/http/page.py`). */
export type Route =
  | { name: "login"; next: string }
  | { name: "home" }
  | { name: "batch"; id: string }
  | { name: "project"; id: string }
  | { name: "unknown" };

const MOVED = "roomtally:moved";
const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const BATCH = new RegExp(`^/batches/(${UUID})$`, "i");
const PROJECT = new RegExp(`^/projects/(${UUID})$`, "i");

export function routeOf(address: string): Route {
  const { pathname, searchParams } = new URL(address, "http://page");
  if (pathname === "/") return { name: "home" };
  if (pathname === "/login") return { name: "login", next: ownPage(searchParams.get("next")) };
  const batch = BATCH.exec(pathname)?.[1];
  if (batch) return { name: "batch", id: batch };
  const project = PROJECT.exec(pathname)?.[1];
  return project ? { name: "project", id: project } : { name: "unknown" };
}

/** Where to go after signing in: only to a page of ours, never to another site. */
function ownPage(next: string | null): string {
  return next && (next === "/" || BATCH.test(next) || PROJECT.test(next)) ? next : "/";
}

export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, () => window.location.pathname + window.location.search);
  return useMemo(() => routeOf(address), [address]);
}

export function go(address: string): void {
  window.history.pushState(null, "", address);
  window.dispatchEvent(new Event(MOVED));
  window.scrollTo(0, 0);
}

/** The address that is left behind is forgotten: the way back leads past it. */
export function replace(address: string): void {
  window.history.replaceState(null, "", address);
  window.dispatchEvent(new Event(MOVED));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(MOVED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(MOVED, listener);
  };
}
