/** The parts of a HAR that the page shows; everything may be missing in one that somebody brought. */
interface HarHeader {
  name: string;
  value: string;
}
export interface HarEntry {
  startedDateTime?: string;
  time?: number;
  request?: {
    method?: string;
    url?: string;
    headers?: HarHeader[];
    postData?: { mimeType?: string; text?: string; encoding?: string };
  };
  response?: {
    status?: number;
    statusText?: string;
    httpVersion?: string;
    headers?: HarHeader[];
    content?: { size?: number; mimeType?: string; text?: string; encoding?: string };
    redirectURL?: string;
    _error?: string;
  };
  _resourceType?: string;
  _error?: string;
  _webSocketMessages?: { type?: string; time?: number; opcode?: number; data?: string }[];
}

export const kinds = ["document", "fetch", "socket", "script", "style", "image", "other"] as const;
export type RequestKind = (typeof kinds)[number];

/** One line of the network table. */
export interface Row {
  index: number;
  method: string;
  url: string;
  host: string;
  path: string;
  status: number;
  kind: RequestKind;
  size: number;
  /** Since the first request. */
  offsetMs: number;
  tookMs: number;
  error: string;
  entry: HarEntry;
}

/** Reads a HAR; throws when it is none. */
export function readHar(text: string): Row[] {
  const entries = (JSON.parse(text) as { log?: { entries?: HarEntry[] } })?.log?.entries;
  if (!Array.isArray(entries)) throw new Error("The network record has no entries.");
  const times = entries.map((entry) => Date.parse(entry.startedDateTime ?? ""));
  const first = Math.min(...times.filter(Number.isFinite));
  return entries.map((entry, index) => rowOf(entry, index, (times[index] ?? 0) - first));
}

function rowOf(entry: HarEntry, index: number, offset: number): Row {
  const url = entry.request?.url ?? "";
  const parsed = URL.canParse(url) ? new URL(url) : null;
  return {
    index,
    method: entry.request?.method ?? "",
    url,
    host: parsed?.host ?? "",
    path: parsed ? parsed.pathname + parsed.search : url,
    status: entry.response?.status ?? 0,
    kind: kindOf(entry, url),
    size: Math.max(0, entry.response?.content?.size ?? 0),
    offsetMs: Number.isFinite(offset) ? offset : 0,
    tookMs: Math.max(0, entry.time ?? 0),
    error: entry._error ?? entry.response?._error ?? "",
    entry,
  };
}

const byType: Record<string, RequestKind> = {
  document: "document",
  iframe: "document",
  xhr: "fetch",
  fetch: "fetch",
  empty: "fetch",
  eventsource: "fetch",
  websocket: "socket",
  script: "script",
  style: "style",
  stylesheet: "style",
  image: "image",
};

function kindOf(entry: HarEntry, url: string): RequestKind {
  if (entry._webSocketMessages || /^wss?:/.test(url)) return "socket";
  const told = byType[entry._resourceType ?? ""];
  if (told) return told;
  const mime = entry.response?.content?.mimeType ?? "";
  if (/json|event-stream/.test(mime)) return "fetch";
  if (/html/.test(mime)) return "document";
  if (/javascript|wasm/.test(mime)) return "script";
  if (/css/.test(mime)) return "style";
  if (/^image\//.test(mime)) return "image";
  return "other";
}

/** A body as text; null when it is not text or was not kept. */
export function bodyText(
  body: { text?: string; encoding?: string; mimeType?: string } | undefined,
): string | null {
  if (body?.text === undefined || body.text === "") return null;
  if (body.encoding !== "base64") return body.text;
  if (!/^text\/|json|xml|javascript|x-www-form-urlencoded/.test(body.mimeType ?? "")) return null;
  try {
    const bytes = Uint8Array.from(atob(body.text), (char) => char.charCodeAt(0));
    return new TextDecoder().decode(bytes);
  } catch {
    return null;
  }
}

/** JSON laid out for people, anything else as it is. */
export function laidOut(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export interface ConsoleRow {
  index: number;
  level: string;
  text: string;
  offsetMs?: number;
  page?: string;
  url?: string;
}

/** Reads console.ndjson; a line that is none is passed over. */
export function readConsole(text: string): ConsoleRow[] {
  return text.split("\n").flatMap((line, index) => {
    try {
      const { level = "log", text: said = "", ...rest } = JSON.parse(line);
      return [{ ...rest, index, level: String(level), text: String(said) }];
    } catch {
      return [];
    }
  });
}
