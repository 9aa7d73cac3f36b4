export * from "./client";
export { isProblem, Problem } from "./problem";
export type {
  BatchLine,
  BatchPage,
  BatchStatus,
  Counts,
  FoundItem,
  FoundItems,
  Inventory,
  ItemSum,
  ItemTotal,
  Photo,
  PhotoStatus,
  Project,
  ProjectPage,
  Range,
  RoomSum,
  RoomTotal,
  SignedIn,
  Snapshot,
  Summary,
} from "./schema";
