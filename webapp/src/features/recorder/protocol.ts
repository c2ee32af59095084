import * as z from "zod/mini";
import type { Assertion, Box, Target } from "@/lib/recording";

export type Button = "left" | "middle" | "right" | "none";

export interface SentFile {
  name: string;
  contentType: string;
  /** Base64. */
  data: string;
}

/** What the page says to the session. */
export type StageCommand =
  | { op: "ack"; frame: number }
  | { op: "drive" | "release" | "back" | "forward" | "reload" | "openTab" }
  | { op: "pause" | "resume" | "stop" }
  | {
      op: "mouse";
      type: "move" | "down" | "up";
      x: number;
      y: number;
      button: Button;
      buttons: number;
      modifiers: number;
      clickCount: number;
    }
  | { op: "wheel"; x: number; y: number; dx: number; dy: number; modifiers: number }
  | {
      op: "key";
      type: "down" | "up";
      key: string;
      code: string;
      text?: string;
      modifiers: number;
      repeat: boolean;
      location: number;
      keyCode: number;
    }
  | { op: "text"; text: string }
  | { op: "compose"; text: string; selectionStart: number; selectionEnd: number }
  | {
      op: "touch";
      type: "start" | "move" | "end";
      points: { x: number; y: number; id: number }[];
    }
  | { op: "navigate"; url: string }
  | { op: "showTab" | "closeTab"; page: string }
  | { op: "choose"; id: string; values: string[] | null }
  | { op: "files"; id: string; files: SentFile[] | null }
  | { op: "dialog"; id: string; accept: boolean; text?: string }
  | { op: "pick"; mode: "off" | "assert" | "target" }
  | ({ op: "assert"; pickId: string } & Omit<Assertion, "suggested">)
  | { op: "viewport"; width: number; height: number };

// The check is of the members that this page relies on; others pass through untouched.
const box = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
const anyBox = z.optional(z.nullable(box));
const target = z.looseObject({ candidates: z.array(z.looseObject({ selector: z.string() })) });
const assertion = z.looseObject({ claim: z.string() });
const text = z.optional(z.string());
const flag = z.optional(z.boolean());

const message = z.discriminatedUnion("op", [
  z.object({
    op: z.literal("hello"),
    sessionId: z.string(),
    viewer: z.string(),
    you: z.enum(["driver", "watcher"]),
    viewport: z.object({
      width: z.number(),
      height: z.number(),
      mobile: flag,
      deviceScaleFactor: z.optional(z.number()),
    }),
  }),
  z.object({
    op: z.literal("state"),
    pages: z.array(
      z.object({
        page: z.string(),
        url: z.string(),
        title: text,
        loading: flag,
        canGoBack: flag,
        canGoForward: flag,
      }),
    ),
    active: z.string(),
    driver: z.optional(z.nullable(z.string())),
    viewers: z.number(),
    paused: flag,
    mode: text,
    elapsedMs: z.number(),
    steps: z.optional(z.number()),
  }),
  z.object({ op: z.literal("cursor"), cursor: z.string() }),
  z.object({
    op: z.literal("choose"),
    id: z.string(),
    box: anyBox,
    multiple: flag,
    options: z.array(
      z.object({
        value: z.string(),
        label: z.string(),
        group: text,
        disabled: flag,
        selected: flag,
      }),
    ),
  }),
  z.object({ op: z.literal("files"), id: z.string(), multiple: flag, accept: text }),
  z.object({
    op: z.literal("dialog"),
    id: z.string(),
    kind: z.string(),
    message: text,
    default: text,
  }),
  z.object({ op: z.literal("closed"), id: z.string() }),
  z.object({
    op: z.literal("download"),
    name: z.string(),
    size: z.optional(z.number()),
    status: z.string(),
  }),
  z.object({ op: z.literal("highlight"), box: anyBox, label: text }),
  z.object({
    op: z.literal("picked"),
    pickId: z.string(),
    label: text,
    target: z.optional(z.nullable(target)),
    box: anyBox,
    suggestions: z.optional(z.nullable(z.array(assertion))),
  }),
  z.object({
    op: z.literal("suggested"),
    pickId: text,
    target: z.optional(z.nullable(target)),
    assertion,
    label: text,
  }),
  z.object({ op: z.literal("notice"), level: text, text: z.string() }),
  z.object({ op: z.literal("error"), message: z.string() }),
  z.object({ op: z.literal("ended"), outcome: z.string(), reason: text }),
]);
export type StageMessage = z.infer<typeof message>;
type Of<Op extends StageMessage["op"]> = Extract<StageMessage, { op: Op }>;
export type Hello = Of<"hello">;
export type StageState = Of<"state">;
export type Choose = Of<"choose">;
export type FilesWanted = Of<"files">;
export type PageDialog = Of<"dialog">;
export type Download = Of<"download">;
export type Ended = Of<"ended">;

/** Reads one text message; null when this page does not understand it. */
export function parseStageMessage(data: string): StageMessage | null {
  try {
    const parsed = message.safeParse(JSON.parse(data));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Checked above for what is read live; the rest of the shape is the contract's. */
export const asTarget = (value: unknown) => (value ?? undefined) as Target | undefined;
export const asAssertion = (value: unknown) => value as Assertion;
export const asBox = (value: Box | null | undefined) => value ?? null;
