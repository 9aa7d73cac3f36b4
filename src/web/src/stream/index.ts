export type { Connection, Phase } from "./connection";
export type * from "./events";
export type { BatchProgress } from "./useBatchProgress";
