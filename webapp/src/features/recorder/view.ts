import type { Assertion, Box, Target } from "@/lib/recording";
import {
  asAssertion,
  asBox,
  asTarget,
  type Choose,
  type Download,
  type Ended,
  type FilesWanted,
  type Hello,
  type PageDialog,
  type StageMessage,
  type StageState,
} from "./protocol";

export interface Picked {
  /** The session's name for what was picked; empty for the page itself and for a step's element. */
  pickId: string;
  label: string;
  target: Target | undefined;
  box: Box | null;
  suggestions: Assertion[];
}

/** An assertion that the session proposes; its number tells two alike apart. */
export interface Suggestion {
  number: number;
  pickId?: string;
  label: string;
  target: Target | undefined;
  assertion: Assertion;
}

export interface StageNote {
  number: number;
  level: string;
  text: string;
}

/** Everything that a session's socket has said, as the page shows it. */
export interface StageView {
  hello: Hello | null;
  state: StageState | null;
  /** When the state came, so that the elapsed time can go on between two of them. */
  stateAt: number;
  cursor: string;
  choose: Choose | null;
  files: FilesWanted | null;
  dialog: PageDialog | null;
  highlight: { box: Box; label: string } | null;
  picked: Picked | null;
  suggestions: Suggestion[];
  notes: StageNote[];
  ended: Ended | null;
  count: number;
}

export const emptyView: StageView = {
  hello: null,
  state: null,
  stateAt: 0,
  cursor: "default",
  choose: null,
  files: null,
  dialog: null,
  highlight: null,
  picked: null,
  suggestions: [],
  notes: [],
  ended: null,
  count: 0,
};

const MOST_NOTES = 50;
const MOST_SUGGESTIONS = 4;

/** The view after one more message. */
export function applyMessage(view: StageView, message: StageMessage, now: number): StageView {
  switch (message.op) {
    // A new seat: what an old one had open is told again by the session.
    case "hello":
      return { ...emptyView, notes: view.notes, count: view.count, hello: message };
    case "state":
      return { ...view, state: message, stateAt: now };
    case "cursor":
      return { ...view, cursor: message.cursor };
    case "choose":
      return { ...view, choose: message };
    case "files":
      return { ...view, files: message };
    case "dialog":
      return { ...view, dialog: message };
    case "closed":
      return closed(view, message.id);
    case "download":
      return note(view, message.status === "failed" ? "error" : "info", downloadText(message));
    case "highlight": {
      const box = asBox(message.box);
      return { ...view, highlight: box && { box, label: message.label ?? "" } };
    }
    case "picked":
      return {
        ...view,
        highlight: null,
        picked: {
          pickId: message.pickId,
          label: message.label ?? "",
          target: asTarget(message.target),
          box: asBox(message.box),
          suggestions: (message.suggestions ?? []).map(asAssertion),
        },
      };
    case "suggested":
      return suggested(view, message);
    case "notice":
      return note(view, message.level ?? "info", message.text);
    case "error":
      return note(view, "error", message.message);
    case "ended":
      return { ...view, choose: null, files: null, dialog: null, picked: null, ended: message };
  }
}

/** Takes away what a person has dealt with. */
export function closed(view: StageView, id: string): StageView {
  return {
    ...view,
    choose: view.choose?.id === id ? null : view.choose,
    files: view.files?.id === id ? null : view.files,
    dialog: view.dialog?.id === id ? null : view.dialog,
  };
}

function suggested(view: StageView, message: Extract<StageMessage, { op: "suggested" }>) {
  const suggestion = {
    number: view.count,
    pickId: message.pickId,
    label: message.label ?? "",
    target: asTarget(message.target),
    assertion: asAssertion(message.assertion),
  };
  const suggestions = [...view.suggestions, suggestion].slice(-MOST_SUGGESTIONS);
  return { ...view, count: view.count + 1, suggestions };
}

function note(view: StageView, level: string, text: string): StageView {
  const notes = [...view.notes, { number: view.count, level, text }].slice(-MOST_NOTES);
  return { ...view, count: view.count + 1, notes };
}

function downloadText({ name, status }: Download): string {
  if (status === "failed") return `The download of ${name} failed`;
  return status === "started" ? `Downloading ${name}` : `Downloaded ${name}`;
}
