/** What other pages take from here: `npm run package` makes `@roomtally/progress` of it. */

import "../theme/package.css";

export { Problem } from "../api/problem";
export type { BatchStatus, Counts, Photo, PhotoStatus, Snapshot, Summary } from "../api/schema";
export {
  BatchProgressBar,
  type BatchProgressBarProps,
  BatchProgressModal,
} from "../components/progress/BatchProgressBar";
export { BatchStream, type BatchStreamOptions } from "../stream/BatchStream";
export type { Connection, Phase } from "../stream/connection";
export type { EventName, StreamEvent, StreamEvents } from "../stream/events";
export { Feed } from "../stream/feed";
export { type BatchProgress, useBatchProgress, useStreamEvents } from "../stream/useBatchProgress";
export { connectTo } from "./connectTo";
