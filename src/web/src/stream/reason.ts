import { Problem, problemOf, unreachable } from "../api/problem";
import { OPENING_MS } from "./connection";

/**
 * Why a stream is refused: the same address by a plain request, which tells the status that EventSource hides.
 * Null where it opens now; it is closed at once.
 */
export async function reasonOf(address: string, credentials: RequestCredentials): Promise<Problem | null> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), OPENING_MS);
  try {
    const response = await fetch(address, { credentials, signal: abort.signal });
    if (response.ok) return null;
    return problemOf(response.status, await response.text(), response.headers.get("Retry-After"));
  } catch (error) {
    return error instanceof Problem ? error : unreachable();
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}
