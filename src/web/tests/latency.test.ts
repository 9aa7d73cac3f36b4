import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { StreamEvent } from "../src/stream/events";
import { Latencies } from "../src/stream/latency";
import { change } from "./fakes/batch";

let latencies: Latencies;
let sent: Blob[];

const aged = (age: number): StreamEvent => ({ name: "change", data: change(2, { committedAt: 1e12 - age }), at: 1e12 });

beforeEach(() => {
  sent = [];
  vi.spyOn(Math, "random").mockReturnValue(0); // each is in the sample
  Object.defineProperty(navigator, "sendBeacon", {
    configurable: true,
    value: (path: string, body: Blob) => path === "/api/latency" && sent.push(body) > 0,
  });
  latencies = new Latencies();
});

afterEach(() => latencies.close());

describe("latencies", () => {
  it("are reported when the page is left, and never before", async () => {
    for (const age of [4, 6.25, 5]) latencies.take(aged(age));
    expect(sent).toEqual([]);
    window.dispatchEvent(new Event("pagehide"));
    window.dispatchEvent(new Event("pagehide"));
    expect(sent).toHaveLength(1);
    expect(sent[0]?.type).toBe("application/json");
    expect(JSON.parse((await sent[0]?.text()) ?? "")).toEqual({ samples: [4, 6.3, 5] });
  });

  it("are counted from the smallest where the clocks differ", () => {
    expect(latencies.take(aged(-500))).toBe(0);
    expect(latencies.take(aged(-490))).toBe(10);
    const slow = new Latencies();
    expect(slow.take(aged(3600_000))).toBe(0);
    expect(slow.take(aged(3600_020))).toBe(20);
    slow.close();
  });

  it("are at most a hundred a report, as many as the service takes", async () => {
    for (let time = 0; time < 500; time += 1) latencies.take(aged(5));
    window.dispatchEvent(new Event("pagehide"));
    expect(JSON.parse((await sent[0]?.text()) ?? "").samples).toHaveLength(100);
  });

  it("say nothing of events that do not say when they were committed", () => {
    expect(latencies.take({ name: "ping", data: { timestamp: 1 }, at: 2 })).toBeNull();
    window.dispatchEvent(new Event("pagehide"));
    expect(sent).toEqual([]);
  });
});
