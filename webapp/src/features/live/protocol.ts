import * as z from "zod/mini";
import type { Job, TapeEvent } from "@/lib/api";

/** What a subscription selects: the Filter of asyncapi.yaml. */
export interface LiveFilter {
  project?: string;
  jobs?: string[];
  parents?: string[];
  kinds?: string[];
  types?: string[];
  labels?: Record<string, string>;
  /** Without progress, log lines and artefacts. */
  stateOnly?: boolean;
}
export type LiveMode = "all" | "coalesce";
export type GoneReason = "lost" | "archived" | "foreign";

export type ClientMessage =
  | { op: "subscribe"; ref: string; filter: LiveFilter; from: string; mode: LiveMode }
  | { op: "unsubscribe"; ref: string }
  | { op: "ping" };

// The check is of the members that this page relies on; others pass through untouched.
const event = z.looseObject({
  id: z.string(),
  type: z.string(),
  time: z.string(),
  stream: z.string(),
  sequence: z.number(),
  cursor: z.string(),
});
const job = z.looseObject({
  jobId: z.string(),
  kind: z.string(),
  status: z.string(),
  version: z.number(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
const ref = z.optional(z.string());
const at = { subscription: z.string(), cursor: z.string() };

const message = z.discriminatedUnion("op", [
  z.object({ op: z.literal("hello"), epoch: z.string(), heartbeat: z.number() }),
  z.object({ op: z.literal("subscribed"), ref, ...at }),
  z.object({ op: z.literal("unsubscribed"), ref, subscription: z.string() }),
  z.object({ op: z.literal("events"), subscription: z.string(), events: z.array(event) }),
  z.object({ op: z.literal("coalesced"), ...at, folded: z.number(), jobs: z.array(job) }),
  z.object({ op: z.literal("caught_up"), ...at }),
  z.object({ op: z.literal("scanned"), ...at }),
  z.object({
    op: z.literal("gone"),
    ref,
    subscription: z.optional(z.string()),
    reason: z.enum(["lost", "archived", "foreign"]),
    detail: z.string(),
  }),
  z.object({
    op: z.literal("error"),
    ref,
    subscription: z.optional(z.string()),
    problem: z.looseObject({ title: z.string(), detail: z.optional(z.string()) }),
  }),
  z.object({ op: z.literal("pong") }),
]);

export type ServerMessage = z.infer<typeof message>;

/** Reads one frame; null when it is not a message that this page understands. */
export function parseMessage(text: string): ServerMessage | null {
  try {
    const parsed = message.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Checked above for what is read live; the rest of the shape is the contract's. */
export const asEvents = (events: unknown[]) => events as TapeEvent[];
export const asJobs = (jobs: unknown[]) => jobs as Job[];
