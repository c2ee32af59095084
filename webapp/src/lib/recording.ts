import type { components } from "./api.gen";

type Schemas = components["schemas"];

/**
 * The recording model. Steps are written out by hand: the contract leaves their members to the JSON
 * Schema of recording.json. What each one means stands with the Go types of the domain.
 */
export const actions = [
  "navigate",
  "click",
  "fill",
  "press",
  "check",
  "uncheck",
  "select",
  "upload",
  "hover",
  "drag",
  "scroll",
  "dialog",
  "download",
  "openPage",
  "closePage",
  "assert",
  "setViewport",
  "wait",
] as const;
export type Action = (typeof actions)[number];

export const claims = [
  "visible",
  "hidden",
  "text",
  "value",
  "checked",
  "enabled",
  "count",
  "url",
  "title",
  "attribute",
  "ariaSnapshot",
] as const;
export type Claim = (typeof claims)[number];

export interface Point {
  x: number;
  y: number;
}
export interface Size {
  width: number;
  height: number;
}
export interface Box extends Point, Size {}

export interface Value {
  text: string;
  secret?: string;
  variable?: string;
}

export interface StepFile {
  name: string;
  contentType?: string;
  size: number;
  artifact?: string;
}

export interface Assertion {
  claim: Claim;
  not?: boolean;
  name?: string;
  expected?: string;
  match?: string;
  suggested?: boolean;
}

export interface Candidate {
  by: string;
  selector: string;
  locator?: string;
  /** Elements that it found at that moment; -1 when nobody counted. */
  matches: number;
}

export interface Facts {
  tag: string;
  role?: string;
  name?: string;
  text?: string;
  attributes?: Record<string, string>;
  near?: string;
  path?: string;
}

export interface Target {
  frames?: { candidates: Candidate[]; name?: string; url?: string }[];
  candidates: Candidate[];
  chosen?: string;
  element?: Facts;
}

export interface StepRequest {
  entry: number;
  method: string;
  url: string;
  status?: number;
  type?: string;
  error?: string;
}

export interface Evidence {
  box?: Box;
  viewport?: Size;
  url?: string;
  title?: string;
  aria?: string;
  screenshot?: string;
  dom?: string;
  requests?: StepRequest[];
  console?: { level: string; text: string }[];
  offsetMs: number;
  durationMs?: number;
}

export interface Step {
  id: string;
  type: Action;
  title?: string;
  page?: string;
  target?: Target;
  url?: string;
  history?: string;
  button?: string;
  count?: number;
  modifiers?: string[];
  position?: Point;
  key?: string;
  value?: Value;
  values?: Value[];
  files?: StepFile[];
  to?: Target;
  scroll?: Point;
  dialog?: { kind: string; message?: string; accept: boolean; text?: string };
  assertion?: Assertion;
  viewport?: Size;
  disabled?: boolean;
  note?: string;
  by?: string;
  at?: string;
  evidence?: Evidence;
}

export type Variable = Schemas["Variable"];

export type RecordingStatus = Schemas["RecordingStatus"];

export type Recording = Omit<Schemas["Recording"], "steps"> & { steps: Step[] };
/** One row of the library. */
export type RecordingItem = Schemas["RecordingRow"];
export type RecordingPage = Schemas["RecordingPage"];
export type VersionLine = Schemas["RecordingVersion"];
export type ImportAnswer = Schemas["Imported"];
export type Device = Schemas["Device"];

export type Edit =
  | { op: "rename"; name: string }
  | { op: "folder"; folder: string }
  | { op: "variables"; variables: Variable[] }
  | { op: "insertStep"; step: Step; index: number }
  | { op: "replaceStep"; step: Step }
  | { op: "removeStep"; stepId: string }
  | { op: "moveStep"; stepId: string; index: number }
  | { op: "restoreVersion"; version: number }
  | { op: "undo" | "redo" | "remove" | "restore" };

export const captures = ["video", "trace", "har", "screenshots", "dom", "console"] as const;
export type Captures = Partial<Record<(typeof captures)[number], boolean>>;

export interface SessionInput {
  url?: string;
  name?: string;
  project?: string;
  folder?: string;
  mode: "interactive" | "script";
  steps?: Step[];
  variables?: Variable[];
  chromeRecording?: unknown;
  from?: { recordingId: string; version?: number; steps?: number };
  device?: string;
  viewport?: Size;
  deviceScaleFactor?: number;
  mobile?: boolean;
  touch?: boolean;
  locale?: string;
  timezone?: string;
  userAgent?: string;
  colorScheme?: string;
  extraHeaders?: Record<string, string>;
  httpCredentials?: { username: string; passwordRef: string };
  proxy?: { server: string; username?: string; passwordRef?: string; bypass?: string };
  ignoreHttpsErrors?: boolean;
  slowMoMs?: number;
  timeLimitMs?: number;
  profile?: string;
  saveProfile?: string;
  secrets?: { name: string; ref?: string }[];
  capture?: Captures;
}
