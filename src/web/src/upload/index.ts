export { type Upload, UploadQueue, type UploadState } from "./queue";
export { pageUploads, type Uploads, useUploads } from "./useUploads";
