// @vitest-environment node
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const PACKAGE = join(__dirname, "..", "package");
let made: string;

beforeAll(async () => {
  vi.stubEnv("NODE_ENV", "production");
  made = mkdtempSync(join(__dirname, "..", "node_modules", ".package-")); // React is found from here
  await build({ configFile: join(__dirname, "..", "vite.lib.config.ts"), logLevel: "silent", build: { outDir: made } });
}, 30_000);

afterAll(() => rmSync(made, { recursive: true, force: true }));

describe("@roomtally/progress", () => {
  it("is one script and one style sheet, and leaves React to the page", () => {
    expect(readdirSync(made).sort()).toEqual(["index.js", "style.css"]);
    const script = readFileSync(join(made, "index.js"), "utf8");
    const imported = [...script.matchAll(/^import .*? from "(.+?)";$/gm)].map(([, name]) => name);
    expect(imported.filter((name) => !["react", "react-dom", "react/jsx-runtime"].includes(name ?? ""))).toEqual([]);
    expect(imported).toContain("react");
  });

  it("offers what the README names, and asks for no browser before it is used", async () => {
    const offered = await import(/* @vite-ignore */ join(made, "index.js"));
    expect(Object.keys(offered).sort()).toEqual([
      ...["BatchProgressBar", "BatchProgressModal", "BatchStream", "Feed", "Problem"],
      ...["connectTo", "useBatchProgress", "useStreamEvents"],
    ]);
  });

  it("changes nothing outside its own element", () => {
    const style = readFileSync(join(made, "style.css"), "utf8");
    expect(style).not.toMatch(/(^|[},])\s*(html|body|a|button|h1)\s*[{,]/m);
  });

  it.each(readdirSync(join(PACKAGE, "examples")))("shows in its README what is type-checked: %s", (name) => {
    const example = readFileSync(join(PACKAGE, "examples", name), "utf8").trimEnd();
    expect(readFileSync(join(PACKAGE, "README.md"), "utf8")).toContain(example);
  });
});
