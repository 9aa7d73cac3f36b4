import { problemOf, unreachable } from "./problem";
import type {
  BatchPage,
  CorrectedItem,
  FoundItem,
  FoundItems,
  Inventory,
  ItemCorrection,
  NewItem,
  Project,
  ProjectPage,
  SignedIn,
  Snapshot,
} from "./schema";

type Method = "GET" | "POST" | "PATCH" | "DELETE";

interface Call {
  body?: unknown;
  /** Of a write that must not happen twice: the same key again answers as the first time. */
  key?: string;
  etag?: string;
  signal?: AbortSignal;
}

/**
 * One request to the service. Raises `Problem`, and `AbortError` where `signal` says so.
 *
 * Cross-site requests: the service refuses a write whose Origin or Sec-Fetch-Site is foreign, and the browser sets both; here
 * `same-origin` keeps the cookie from any other host, whatever address comes in.
 */
export async function request<T>(method: Method, path: string, call: Call = {}): Promise<T> {
  const response = await send(method, path, call);
  const text = await response.text();
  if (!response.ok) throw problemOf(response.status, text, response.headers.get("Retry-After"));
  return (text ? JSON.parse(text) : undefined) as T;
}

async function send(method: Method, path: string, { body, key, etag, signal }: Call): Promise<Response> {
  const headers = new Headers({ Accept: "application/json" });
  if (body !== undefined) headers.set("Content-Type", "application/json");
  if (key) headers.set("Idempotency-Key", key);
  if (etag) headers.set("If-Match", etag);
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      mode: "same-origin",
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
}

/** A key of one's own for one wish of the person; keep it for every repetition of that wish. */
export function newKey(): string {
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), hex).join("");
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function query(values: Record<string, string | number | null | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

interface PageOf {
  cursor?: string | null;
  limit?: number;
  signal?: AbortSignal;
}

const signalOf = (signal?: AbortSignal): Call => (signal ? { signal } : {});

// --- who

/** Told to the window: whoever was refused for want of a session tries again. */
export const SIGNED_IN = "roomtally:signed-in";

export async function signIn(email: string, password: string): Promise<SignedIn> {
  const signedIn = await request<SignedIn>("POST", "/api/sessions", { body: { email, password } });
  window.dispatchEvent(new Event(SIGNED_IN));
  return signedIn;
}
export const signOut = () => request<void>("DELETE", "/api/sessions/current");
export const whoAmI = (signal?: AbortSignal) => request<SignedIn>("GET", "/api/sessions/current", signalOf(signal));

// --- moves

export const createProject = (name: string, key: string = newKey()) =>
  request<Project>("POST", "/api/projects", { body: { name }, key });
export const listProjects = ({ cursor, limit, signal }: PageOf = {}) =>
  request<ProjectPage>("GET", `/api/projects${query({ cursor, limit })}`, signalOf(signal));
export const readProject = (id: string, signal?: AbortSignal) =>
  request<Project>("GET", `/api/projects/${id}`, signalOf(signal));
export const readProjectInventory = (id: string, signal?: AbortSignal) =>
  request<Inventory>("GET", `/api/projects/${id}/inventory`, signalOf(signal));

// --- batches

/** `uploads` in the order in which the photos shall stand. */
export const createBatch = (projectId: string, uploads: readonly string[], key: string = newKey()) =>
  request<Snapshot>("POST", "/api/batches", { body: { projectId, uploads }, key });
export const listBatches = ({ cursor, limit, projectId, signal }: PageOf & { projectId?: string } = {}) =>
  request<BatchPage>("GET", `/api/batches${query({ cursor, limit, projectId })}`, signalOf(signal));
export const readBatch = (id: string, signal?: AbortSignal) =>
  request<Snapshot>("GET", `/api/batches/${id}`, signalOf(signal));
export const readBatchInventory = (id: string, signal?: AbortSignal) =>
  request<Inventory>("GET", `/api/batches/${id}/inventory`, signalOf(signal));
export const pauseBatch = (id: string, key: string = newKey()) =>
  request<Snapshot>("POST", `/api/batches/${id}/pause`, { key });
export const resumeBatch = (id: string, key: string = newKey()) =>
  request<Snapshot>("POST", `/api/batches/${id}/resume`, { key });
export const cancelBatch = (id: string, key: string = newKey()) =>
  request<Snapshot>("POST", `/api/batches/${id}/cancel`, { key });
export const retryFailed = (id: string, key: string = newKey()) =>
  request<Snapshot>("POST", `/api/batches/${id}/retry-failed`, { key });
export const deleteBatch = (id: string, key: string = newKey()) =>
  request<void>("DELETE", `/api/batches/${id}`, { key });

// --- photos

export const retryPhoto = (id: string, key: string = newKey()) =>
  request<Snapshot>("POST", `/api/photos/${id}/retry`, { key });
/** What was counted on a photo, and where it stands on it. */
export const readPhotoItems = (id: string, signal?: AbortSignal) =>
  request<FoundItems>("GET", `/api/photos/${id}/items`, signalOf(signal));
/** What a person has found that the analyzer has not. */
export const addItem = (photoId: string, item: NewItem, key: string = newKey()) =>
  request<CorrectedItem>("POST", `/api/photos/${photoId}/items`, { body: item, key });

type Seen = Pick<FoundItem, "id" | "version">;

/** Of the version that was seen: 412 `item-changed` where somebody was quicker. */
export const correctItem = ({ id, version }: Seen, correction: ItemCorrection, key: string = newKey()) =>
  request<CorrectedItem>("PATCH", `/api/items/${id}`, { body: correction, key, etag: `"${version}"` });
export const removeItem = ({ id, version }: Seen, key: string = newKey()) =>
  request<CorrectedItem>("DELETE", `/api/items/${id}`, { key, etag: `"${version}"` });
/** Ready to stand in `src`; 404 until a worker has made it, so ask for it once the photo is DONE. */
export const thumbnailOf = (photoId: string) => `/api/photos/${photoId}/thumbnail`;
export const originalOf = (photoId: string) => `/api/photos/${photoId}/original`;
