import { CircleStop, RotateCw, XCircle } from "lucide-react";
import type { BulkRequest } from "@/lib/api";

export type BulkAction = BulkRequest["action"];

export const bulkActions = {
  retry: { label: "Retry", icon: RotateCw, doing: "Retrying", done: "retried" },
  stop: { label: "Stop", icon: CircleStop, doing: "Stopping", done: "asked to stop" },
  cancel: { label: "Cancel", icon: XCircle, doing: "Cancelling", done: "cancelled" },
} as const;
