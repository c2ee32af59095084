import {
  type Captures,
  captures,
  type SessionInput,
  type Step,
  type Variable,
} from "@/lib/recording";
import { asAddress } from "./input";

export interface Preset {
  value: string;
  label: string;
  width: number;
  height: number;
  mobile?: boolean;
  scale?: number;
}

export const presets: Preset[] = [
  { value: "desktop", label: "Desktop", width: 1280, height: 800 },
  { value: "wide", label: "Wide", width: 1600, height: 900 },
  { value: "tablet", label: "Tablet", width: 820, height: 1180, mobile: true, scale: 2 },
  { value: "phone", label: "Phone", width: 390, height: 844, mobile: true, scale: 3 },
];

/** What the start form holds: text as it was typed. */
export interface StartValues {
  url: string;
  name: string;
  folder: string;
  mode: "interactive" | "script";
  script: string;
  /** A preset's value, "device" or "own". */
  screen: string;
  device: string;
  width: string;
  height: string;
  mobile: boolean;
  colorScheme: string;
  locale: string;
  timezone: string;
  userAgent: string;
  headers: string;
  username: string;
  passwordRef: string;
  proxyServer: string;
  proxyUsername: string;
  proxyPasswordRef: string;
  proxyBypass: string;
  ignoreHttpsErrors: boolean;
  slowMoMs: string;
  minutes: string;
  profile: string;
  saveProfile: string;
  secrets: string;
  capture: Required<Captures>;
}

export const startDefaults: StartValues = {
  url: "",
  name: "",
  folder: "",
  mode: "interactive",
  script: "",
  screen: "desktop",
  device: "",
  width: "1280",
  height: "800",
  mobile: false,
  colorScheme: "",
  locale: "",
  timezone: "",
  userAgent: "",
  headers: "",
  username: "",
  passwordRef: "",
  proxyServer: "",
  proxyUsername: "",
  proxyPasswordRef: "",
  proxyBypass: "",
  ignoreHttpsErrors: false,
  slowMoMs: "",
  minutes: "",
  profile: "",
  saveProfile: "",
  secrets: "",
  capture: { video: true, trace: true, har: true, screenshots: true, dom: true, console: true },
};

export type StartFaults = Partial<Record<keyof StartValues, string>>;

/** What is asked of the server, and what a person has to put right first. */
export function sessionInput(
  values: StartValues,
  project: string | undefined,
): { input: SessionInput; faults: StartFaults } {
  const faults: StartFaults = {};
  const input: SessionInput = { mode: values.mode, ...textParts(values), project };
  const script = values.mode === "script" ? readScript(values.script) : null;
  if (script && "fault" in script) faults.script = script.fault;
  else if (script) Object.assign(input, script.input);
  const url = values.url.trim();
  if (url) input.url = checkedAddress(url, faults);
  else if (!input.url) faults.url = "Where should it begin?";
  Object.assign(input, screenParts(values, faults), networkParts(values, faults));
  Object.assign(input, timeParts(values, faults));
  const secrets = lines(values.secrets).map(secretOf);
  if (secrets.some((each) => !/^[A-Za-z0-9_.-]+$/.test(each.name))) {
    faults.secrets = "A name in each line, such as login or login=TAPEDECK_SECRET_LOGIN";
  }
  if (secrets.length > 0) input.secrets = secrets;
  if (captures.some((name) => !values.capture[name])) input.capture = values.capture;
  return { input: compact(input), faults };
}

function textParts(values: StartValues): Partial<SessionInput> {
  const text = (value: string) => value.trim() || undefined;
  return {
    name: text(values.name),
    folder: text(values.folder),
    locale: text(values.locale),
    timezone: text(values.timezone),
    userAgent: text(values.userAgent),
    colorScheme: text(values.colorScheme),
    profile: text(values.profile),
    saveProfile: text(values.saveProfile),
    ignoreHttpsErrors: values.ignoreHttpsErrors || undefined,
  };
}

function checkedAddress(typed: string, faults: StartFaults): string {
  const address = asAddress(typed);
  if (!URL.canParse(address)) faults.url = "This is not an address.";
  else if (!/^https?:/.test(address)) faults.url = "Only http and https can be recorded.";
  return address;
}

function screenParts(values: StartValues, faults: StartFaults): Partial<SessionInput> {
  if (values.screen === "device") {
    if (!values.device) faults.device = "Choose a device.";
    return { device: values.device };
  }
  const preset = presets.find((each) => each.value === values.screen);
  if (preset) {
    const { width, height, mobile, scale } = preset;
    return { viewport: { width, height }, ...(mobile && touching(scale)) };
  }
  const viewport = { width: Number(values.width), height: Number(values.height) };
  if (!inRange(values.width, 100, 3840)) faults.width = "Between 100 and 3840";
  if (!inRange(values.height, 100, 2400)) faults.height = "Between 100 and 2400";
  return { viewport, ...(values.mobile && touching(undefined)) };
}

function touching(deviceScaleFactor: number | undefined): Partial<SessionInput> {
  return { mobile: true, touch: true, deviceScaleFactor };
}

function networkParts(values: StartValues, faults: StartFaults): Partial<SessionInput> {
  const parts: Partial<SessionInput> = {};
  const headers = lines(values.headers).map((line) => /^([^:\s]+):\s*(.*)$/.exec(line));
  if (headers.includes(null)) faults.headers = "Name: value, one on each line";
  else if (headers.length > 0) {
    parts.extraHeaders = Object.fromEntries(headers.map((hit) => [hit?.[1], hit?.[2]]));
  }
  if (values.username.trim() || values.passwordRef.trim()) {
    if (!values.username.trim()) faults.username = "The user's name is missing.";
    if (!values.passwordRef.trim()) faults.passwordRef = "Which secret holds the password?";
    parts.httpCredentials = {
      username: values.username.trim(),
      passwordRef: values.passwordRef.trim(),
    };
  }
  if (values.proxyServer.trim()) {
    parts.proxy = compact({
      server: values.proxyServer.trim(),
      username: values.proxyUsername.trim() || undefined,
      passwordRef: values.proxyPasswordRef.trim() || undefined,
      bypass: values.proxyBypass.trim() || undefined,
    });
  } else if (values.proxyUsername.trim() || values.proxyPasswordRef.trim()) {
    faults.proxyServer = "The proxy's address is missing.";
  }
  return parts;
}

function timeParts(values: StartValues, faults: StartFaults): Partial<SessionInput> {
  const parts: Partial<SessionInput> = {};
  if (values.slowMoMs.trim()) {
    if (!inRange(values.slowMoMs, 0, 60_000)) faults.slowMoMs = "Between 0 and 60000";
    parts.slowMoMs = Number(values.slowMoMs);
  }
  if (values.minutes.trim()) {
    if (!inRange(values.minutes, 1, 24 * 60)) faults.minutes = "Between 1 and 1440";
    parts.timeLimitMs = Number(values.minutes) * 60_000;
  }
  return parts;
}

function inRange(text: string, low: number, high: number): boolean {
  return /^\d+$/.test(text.trim()) && Number(text) >= low && Number(text) <= high;
}

function secretOf(line: string): { name: string; ref?: string } {
  const [name = "", ref] = line.split("=", 2).map((part) => part.trim());
  return ref ? { name, ref } : { name };
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}

export type Script =
  | { fault: string }
  | { input: Partial<SessionInput>; summary: string; name?: string };

interface ScriptHead {
  name?: string;
  url?: string;
  variables?: Variable[];
}

/** Reads a script: recording.json or what Chrome's recorder exports. */
export function readScript(text: string): Script {
  if (!text.trim()) return { fault: "Paste a recording, or drop its file here." };
  let document: Record<string, unknown>;
  try {
    document = JSON.parse(text);
  } catch {
    return { fault: "This is not JSON." };
  }
  const steps = document?.steps;
  if (!Array.isArray(steps)) return { fault: "There is no list of steps in it." };
  if (steps.length === 0) return { fault: "It has no steps." };
  if (String(document.format ?? "").startsWith("tapedeck.recording/")) {
    const { name, url, variables } = document as ScriptHead;
    return {
      input: {
        steps: steps as Step[],
        ...(variables ? { variables } : {}),
        ...(url ? { url } : {}),
      },
      summary: `${counted(steps.length)} of a recording${name ? `, “${name}”` : ""}`,
      name,
    };
  }
  const title = typeof document.title === "string" ? document.title : undefined;
  const first = steps.find((step) => step?.type === "navigate" && typeof step.url === "string");
  return {
    input: { chromeRecording: document, ...(first ? { url: first.url } : {}) },
    summary: `${counted(steps.length)} of Chrome's recorder${title ? `, “${title}”` : ""}`,
    name: title,
  };
}

function counted(steps: number): string {
  return steps === 1 ? "1 step" : `${steps} steps`;
}
