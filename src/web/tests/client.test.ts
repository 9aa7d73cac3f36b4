import { afterEach, describe, expect, it, vi } from "vitest";
import {
  cancelBatch,
  createProject,
  deleteBatch,
  listBatches,
  pauseBatch,
  request,
  resumeBatch,
  retryFailed,
  retryPhoto,
  signIn,
} from "../src/api/client";
import { isProblem, Problem } from "../src/api/problem";
import { routeOf } from "../src/router/router";

afterEach(() => vi.unstubAllGlobals());

function answering(body: string, status = 200, headers: Record<string, string> = {}) {
  const fetched = vi.fn(async () => new Response(status === 204 ? null : body, { status, headers }));
  vi.stubGlobal("fetch", fetched);
  return fetched as ReturnType<typeof vi.fn>;
}

async function raised(promise: Promise<unknown>): Promise<Problem> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  return error instanceof Problem ? error : expect.fail(String(error));
}

describe("the client", () => {
  it("sends the cookie to this origin only, and a key with what must not happen twice", async () => {
    const fetched = answering("{}", 201);
    await createProject("Rue des Lilas", "my-key");
    const [path, options] = fetched.mock.calls[0] ?? [];
    expect(path).toBe("/api/projects");
    expect(options).toMatchObject({
      method: "POST",
      credentials: "same-origin",
      mode: "same-origin",
      body: '{"name":"Rue des Lilas"}',
    });
    expect(options.headers.get("Idempotency-Key")).toBe("my-key");
  });

  it("sends a key of its own with each wish about a batch or a photo", async () => {
    const fetched = answering("{}");
    const wishes = [pauseBatch, resumeBatch, cancelBatch, retryFailed, deleteBatch, retryPhoto];
    for (const wish of wishes) await wish("one");
    await retryFailed("one", "my-key");
    const keys = fetched.mock.calls.map(([, options]) => options.headers.get("Idempotency-Key"));
    expect(keys.every(Boolean)).toBe(true);
    expect(new Set(keys).size).toBe(wishes.length + 1);
    expect(keys.at(-1)).toBe("my-key");
  });

  it("writes only what was given into the address", async () => {
    const fetched = answering("{}");
    await listBatches({ projectId: "a&b", cursor: null });
    expect(fetched.mock.calls[0]?.[0]).toBe("/api/batches?projectId=a%26b");
  });

  it("raises the service's problem", async () => {
    const document = { type: "https://roomtally.dev/problems/too-many-streams", detail: "Close one.", traceId: "5d56" };
    answering(JSON.stringify(document), 429, { "Retry-After": "30" });
    const problem = await raised(request("GET", "/api/batches"));
    expect(problem.toJSON()).toEqual({
      slug: "too-many-streams",
      status: 429,
      detail: "Close one.",
      retryAfterMs: 30_000,
      traceId: "5d56",
    });
    expect(isProblem(problem, "too-many-streams")).toBe(true);
    expect(isProblem(problem, "other")).toBe(false);
    expect(problem.passes).toBe(true);
  });

  it.each([
    ["<html>Bad gateway</html>", 502, "unavailable", true],
    ["[1]", 418, "unexpected-answer", false],
    ['{"type":"about:blank"}', 400, "unexpected-answer", false],
  ])("makes a problem of whatever a proxy says: %s", async (body, status, slug, passes) => {
    answering(body, status);
    expect(await raised(request("GET", "/api/x"))).toMatchObject({ slug, status, passes });
  });

  it("says when nobody answers, and lets an abort be an abort", async () => {
    vi.stubGlobal("fetch", vi.fn().mockRejectedValue(new TypeError("network")));
    expect(await raised(request("GET", "/api/x"))).toMatchObject({ slug: "unreachable", status: 0, passes: true });
    const signal = AbortSignal.abort();
    await expect(request("GET", "/api/x", { signal })).rejects.toBeInstanceOf(TypeError);
  });

  it("takes an answer without a body", async () => {
    answering("", 204);
    await expect(request("DELETE", "/api/x")).resolves.toBeUndefined();
  });

  it("tells the window that somebody has signed in", async () => {
    answering("{}", 201);
    const told = vi.fn();
    window.addEventListener("roomtally:signed-in", told, { once: true });
    await signIn("demo@roomtally.local", "secret");
    expect(told).toHaveBeenCalledTimes(1);
  });
});

describe("addresses", () => {
  const ID = "0b6b2a5e-0000-4000-8000-000000000000";

  it.each([
    ["/", { name: "home" }],
    ["/login", { name: "login", next: "/" }],
    [`/login?next=/batches/${ID}`, { name: "login", next: `/batches/${ID}` }],
    ["/login?next=//evil.example", { name: "login", next: "/" }],
    ["/login?next=https://evil.example", { name: "login", next: "/" }],
    ["/login?next=javascript:alert(1)", { name: "login", next: "/" }],
    ["/login?next=/batches/../api/sessions", { name: "login", next: "/" }],
    [`/batches/${ID}`, { name: "batch", id: ID }],
    [`/projects/${ID}`, { name: "project", id: ID }],
    ["/batches/nonsense", { name: "unknown" }],
    ["/x", { name: "unknown" }],
  ])("%s", (address, route) => expect(routeOf(address)).toEqual(route));
});
