import type {
  ChangeEvent,
  CompleteEvent,
  ErrorEvent,
  PingEvent,
  ProgressEvent,
  ResetEvent,
  TimeoutEvent,
} from "../api/schema";

export type { BatchStatus, Counts, Photo, PhotoStatus, Snapshot, Summary } from "../api/schema";

/** The data of each event by its name. */
export interface StreamEvents {
  progress: ProgressEvent;
  change: ChangeEvent;
  complete: CompleteEvent;
  ping: PingEvent;
  timeout: TimeoutEvent;
  error: ErrorEvent;
  reset: ResetEvent;
}

export type EventName = keyof StreamEvents;

/** One event as it came; `at`: Date.now() then. */
export type StreamEvent = { [Name in EventName]: { name: Name; data: StreamEvents[Name]; at: number } }[EventName];
