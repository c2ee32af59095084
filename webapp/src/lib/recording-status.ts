import type { RecordingStatus } from "./recording";

/** Apart from what else a recording is: the shell reads it from addresses. */
export const recordingStatuses = [
  "recording",
  "complete",
  "cancelled",
  "failed",
] as const satisfies readonly RecordingStatus[];
