import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../../src/api/problem";
import { Trouble } from "../../src/components/progress/Trouble";
import { LanguageProvider } from "../../src/i18n";
import type { Connection } from "../../src/stream";

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: true })); // happy-dom has no animations of its own
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show(connection: Connection): void {
  render(
    <LanguageProvider language="en">
      <Trouble connection={connection} lastUpdate={0} onRetry={() => {}} signInAt="/login?next=%2Fbatches%2Fa" />
    </LanguageProvider>,
  );
}

const refused = (slug: string, status: number): Connection => ({
  phase: "refused",
  problem: new Problem(slug, status, ""),
});
const waiting = (status: number): Connection => ({
  phase: "waiting",
  problem: new Problem("too-many-streams", status, ""),
  nextAt: Date.now() + 12_000,
});

describe("what is wrong with the line", () => {
  it.each([
    ["a session that ended", refused("session-ended", 401), "Your session has ended"],
    ["a deleted batch", refused("batch-deleted", 404), "This batch does not exist, or is not yours"],
    ["an operator", refused("closed-by-operator", 0), "Following was ended by an operator"],
    ["too many streams", waiting(429), "Too many pages open"],
    ["a full service", waiting(503), "The service is busy"],
    ["no network", { phase: "offline" }, "You are offline"],
    ["all tries spent", { phase: "lost", since: 0 }, "Connection lost"],
  ] as const)("%s", (_, connection, title) => {
    show(connection as Connection);
    expect(screen.getByText(title)).toBeTruthy();
  });

  it("leads to the sign-in and back", () => {
    show(refused("session-ended", 401));
    expect(screen.getByRole("link", { name: "Sign in" }).getAttribute("href")).toBe("/login?next=%2Fbatches%2Fa");
  });

  it("counts the seconds down to the next try", () => {
    show(waiting(503));
    expect(screen.getByText("Next try in 12 s. The work goes on.")).toBeTruthy();
  });

  it.each([
    ["connecting", { phase: "connecting" }],
    ["live", { phase: "live", since: 0 }],
    ["reconnecting", { phase: "reconnecting", attempt: 1, tries: 5, nextAt: null }],
    ["ended", { phase: "ended" }],
  ] as const)("is no notice while it is %s", (_, connection) => {
    show(connection);
    expect(screen.queryByRole("strong")).toBeNull();
    expect(document.body.textContent).toBe("");
  });
});
