export { BatchStream, type BatchStreamOptions } from "./BatchStream";
export type { Connection, Phase } from "./connection";
export type * from "./events";
export { pageFeed, type Tap } from "./feed";
export { isFinished } from "./fold";
export { type BatchProgress, useBatchProgress, useStreamEvents } from "./useBatchProgress";
