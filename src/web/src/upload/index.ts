export type { Upload, UploadState } from "./queue";
