import { vi } from "vitest";
import type { StreamEvents } from "../../src/stream/events";

/** EventSource as a test plays it: what the server sends, what the browser does. */
export class FakeSource extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = FakeSource.CONNECTING;

  constructor(readonly url: string) {
    super();
    FakeSource.all.push(this);
  }

  static get newest(): FakeSource {
    const source = FakeSource.all.at(-1);
    if (!source) throw new Error("nothing was opened");
    return source;
  }

  static get open(): FakeSource[] {
    return FakeSource.all.filter((source) => source.readyState !== FakeSource.CLOSED);
  }

  static install(): void {
    FakeSource.all = [];
    vi.stubGlobal("EventSource", FakeSource);
  }

  get query(): URLSearchParams {
    return new URL(this.url, "http://page").searchParams;
  }

  say<Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name]): void {
    this.sayText(name, JSON.stringify(data));
  }

  sayText(name: string, data: string): void {
    this.readyState = FakeSource.OPEN;
    this.dispatchEvent(new MessageEvent(name, { data }));
  }

  /** The line broke; the browser comes back by itself. */
  cut(): void {
    this.readyState = FakeSource.CONNECTING;
    this.dispatchEvent(new Event("error"));
  }

  /** Any answer but 200: the browser gives up. */
  refuse(): void {
    this.readyState = FakeSource.CLOSED;
    this.dispatchEvent(new Event("error"));
  }

  close(): void {
    this.readyState = FakeSource.CLOSED;
  }
}
