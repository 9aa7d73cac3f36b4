const KEPT_UNDER = "roomtally.developer";

/** In development, and wherever the address has said `?dev=1` (or `?dev=0`) in this tab. */
export function isDeveloper(): boolean {
  try {
    const said = new URLSearchParams(window.location.search).get("dev");
    if (said !== null) sessionStorage.setItem(KEPT_UNDER, said);
    const kept = sessionStorage.getItem(KEPT_UNDER);
    return kept === null ? import.meta.env.DEV : kept !== "0";
  } catch {
    return import.meta.env.DEV; // storage is forbidden
  }
}
