import type { Problem as Document } from "./schema";

const TYPES = "https://roomtally.dev/problems/";

/**
 * What went wrong with a request: the service's problem document (RFC 9457), or no answer at all
 * (`slug` "unreachable", `status` 0). Tell them apart by `slug`; `detail` is a sentence for people, in English.
 */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly slug: string,
    readonly status: number,
    readonly detail: string,
    /** When another try may help, in milliseconds from then; null where the service does not say. */
    readonly retryAfterMs: number | null = null,
    readonly traceId: string | null = null,
  ) {
    super(`${slug}: ${detail}`);
  }

  static of({ slug, status, detail, retryAfterMs, traceId }: ReturnType<Problem["toJSON"]>): Problem {
    return new Problem(slug, status, detail, retryAfterMs, traceId);
  }

  toJSON() {
    const { slug, status, detail, retryAfterMs, traceId } = this;
    return { slug, status, detail, retryAfterMs, traceId };
  }

  /** Another try of the same request may succeed by itself. */
  get passes(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export function isProblem(error: unknown, slug?: string): error is Problem {
  return error instanceof Problem && (slug === undefined || error.slug === slug);
}

export function unreachable(): Problem {
  return new Problem("unreachable", 0, "The service cannot be reached.");
}

/** Of an answer's text. A proxy's own error page is no document: it counts as `unavailable` or `unexpected-answer`. */
export function problemOf(status: number, body: string, retryAfter: string | null): Problem {
  const document = read(body);
  const slug = document?.type?.startsWith(TYPES) ? document.type.slice(TYPES.length) : nameOf(status);
  const detail = document?.detail ?? `The service answered ${status}.`;
  return new Problem(slug, status, detail, milliseconds(retryAfter), document?.traceId ?? null);
}

function nameOf(status: number): string {
  return status >= 500 ? "unavailable" : "unexpected-answer";
}

function read(body: string): Partial<Document> | null {
  try {
    const found: unknown = JSON.parse(body);
    return typeof found === "object" && found !== null ? found : null;
  } catch {
    return null;
  }
}

function milliseconds(retryAfter: string | null): number | null {
  const seconds = Number(retryAfter);
  return retryAfter !== null && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
