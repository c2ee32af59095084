import type { StageCommand } from "@/features/recorder/protocol";
import type {
  Edit,
  Recording,
  RecordingItem,
  SessionInput,
  Step,
  VersionLine,
} from "@/lib/recording";
import { applyEvents } from "@/lib/recording-fold";
import type { FakeServer } from "./fake-server";

type Data = Record<string, unknown>;

interface Reel {
  state: Recording;
  past: Recording[];
  lines: VersionLine[];
  undo: number[];
  redo: number[];
}

const empty: Recording = {
  recordingId: "",
  project: "default",
  status: "recording",
  attempt: 1,
  mode: "interactive",
  url: "",
  name: "",
  steps: [],
  canUndo: false,
  canRedo: false,
  version: 0,
};

/** The recorder's API in memory. As FakeServer it does what it is told, with the rules left out. */
export class FakeRecorder {
  reels = new Map<string, Reel>();
  files = new Map<string, string>();
  sockets = new Set<FakeStageSocket>();
  /** What a session says to a viewer that takes a seat. */
  greet: (socket: FakeStageSocket) => void = (socket) => socket.hello();
  #server: FakeServer;

  constructor(server: FakeServer) {
    this.#server = server;
  }

  /** A session whose job runs and has its first event. */
  session(id: string, input: Partial<SessionInput> = {}) {
    this.#server.submit({ kind: "recorder.record", input, project: input.project }, id);
    this.#server.start(id);
    this.begin(id, input);
  }

  begin(id: string, input: Partial<SessionInput> = {}) {
    const { url = "https://shop.example/", name = "Recording", folder, mode } = input;
    this.append(id, "recording.started", {
      ...{ attempt: 1, name, folder, mode: mode ?? "interactive", url },
      viewport: input.viewport ?? { width: 1280, height: 800 },
      variables: input.variables,
      secrets: input.secrets?.map((secret) => secret.name),
    });
  }

  step(id: string, step: Step) {
    this.append(id, "recording.step_recorded", { step });
  }

  finish(id: string, more: Data = {}) {
    this.append(id, "recording.finished", { outcome: "complete", durationMs: 42_000, ...more });
  }

  /** Appends an event to a recording's stream and tells the followers. */
  append(id: string, type: string, data: Data, what = "") {
    const project = this.#server.tapes.get(id)?.job.project ?? "default";
    const reel = this.reels.get(id) ?? {
      state: { ...empty, recordingId: id, project },
      past: [],
      lines: [],
      undo: [],
      redo: [],
    };
    const before = reel.state.version;
    const event = this.#server.emit(id, `recording/${id}`, type, data, before + 1);
    const way = data.way as string | undefined;
    if (type === "recording.reverted") {
      const { name, folder, steps, variables } = reel.past[Number(data.version) - 1] as Recording;
      reel.state = { ...reel.state, name, folder, steps, variables, version: before + 1 };
      if (way === "undo") reel.redo.push(before);
      else if (way === "redo") reel.undo.push(before);
      else reel.undo.push(before);
    } else {
      reel.state = applyEvents(reel.state, [event]).recording;
      if (reel.state.canUndo && !reel.state.canRedo && this.#edits(type, data)) {
        reel.undo.push(before);
        reel.redo = [];
      }
    }
    reel.state = {
      ...reel.state,
      createdAt: reel.state.createdAt ?? event.time,
      updatedAt: event.time,
      canUndo: reel.undo.length > 0,
      canRedo: reel.redo.length > 0,
    };
    reel.past.push(reel.state);
    const line = { version: before + 1, type, at: event.time, what: what || words(type, data) };
    const gathered = type === "recording.step_changed" && !data.edited;
    reel.lines.push({ ...line, gathered, actor: data.edited || way ? "mira" : "worker" });
    this.reels.set(id, reel);
  }

  #edits(type: string, data: Data): boolean {
    return data.edited === true || /inserted|moved|renamed|filed|variables/.test(type);
  }

  /** Tells every viewer of a session something. */
  say(message: unknown) {
    for (const socket of this.sockets) socket.deliver(message);
  }

  // ── HTTP ──

  handle(request: Request, url: URL, body: unknown): Response {
    const [, , area, id = "", part = "", ...rest] = url.pathname.split("/");
    if (area === "recorder") return this.#recorder(request, id, part, rest, body as SessionInput);
    if (!id) return this.#list(url.searchParams);
    if (id === "import") return this.#import(body as { content: Data });
    const reel = this.reels.get(id);
    if (!reel) return fault(404, "not_found", "There is no such recording");
    if (part === "versions") return json({ items: reel.lines });
    if (part === "trace") return json({ url: "http://localhost:1/trace" });
    if (part === "edit") return this.#edit(reel, request, (body as { edits: Edit[] }).edits);
    if (part === "document") return json(reel.state);
    const version = url.searchParams.get("version");
    return json(version ? reel.past[Number(version) - 1] : reel.state);
  }

  #recorder(
    request: Request,
    id: string,
    part: string,
    rest: string[],
    body: SessionInput,
  ): Response {
    if (id === "devices") return json({ items: devices });
    if (id === "profiles") return json({ items: profiles });
    if (id === "sessions" && request.method === "POST" && !part) {
      const job = this.#server.submit({
        kind: "recorder.record",
        input: body,
        project: body.project,
      }).job;
      return json({ jobId: job.jobId, sessionId: job.jobId }, 202);
    }
    if (id === "sessions" && rest[0] === "stop") {
      this.#server.record(part, "job.stop_requested", {}, { status: "stopping" });
      return json({}, 202);
    }
    if (id === "sessions" && rest[0] === "cancel") {
      this.#server.record(part, "job.cancelled", {}, { status: "cancelled" });
      return json({}, 202);
    }
    const file = this.files.get(decodeURIComponent(rest.join("/")));
    return file === undefined ? fault(404, "not_found", "No such file") : new Response(file);
  }

  #list(query: URLSearchParams): Response {
    const text = query.get("q")?.toLowerCase();
    const folder = query.get("folder");
    const visible = [...this.reels.values()].map(({ state }) => state).filter((r) => !r.removed);
    const found = visible.filter(
      (r) =>
        (!query.has("project") || r.project === query.get("project")) &&
        (!query.has("status") || r.status === query.get("status")) &&
        (!folder || r.folder === folder || r.folder?.startsWith(`${folder}/`)) &&
        (!text || `${r.name} ${r.url} ${r.folder}`.toLowerCase().includes(text)),
    );
    const sort = query.get("sort") ?? "-updatedAt";
    const key = sort.replace("-", "").replace("duration", "durationMs") as keyof Recording;
    const value = (r: Recording) => String(Array.isArray(r[key]) ? r[key].length : (r[key] ?? ""));
    found.sort((a, b) => value(a).localeCompare(value(b), "en", { numeric: true }));
    if (sort.startsWith("-")) found.reverse();
    const folders = new Map<string, number>();
    for (const { folder: name } of visible) {
      if (name) folders.set(name, (folders.get(name) ?? 0) + 1);
    }
    return json({
      items: found.map(itemOf),
      folders: [...folders].map(([name, count]) => ({ name, count })),
      cursor: this.#server.cursor(),
    });
  }

  #import({ content: body }: { content: Data }): Response {
    const id = `import-${this.reels.size}`;
    const report: { path: string; message: string }[] = [];
    for (const [i, step] of ((body.steps as Data[]) ?? []).entries()) {
      if (step.type === "customStep") report.push({ path: `/steps/${i}`, message: "is unknown" });
    }
    this.begin(id, { name: String(body.name ?? body.title ?? "Imported") });
    this.finish(id);
    return json({ recordingId: id, name: "", steps: 0, report }, 201);
  }

  #edit(reel: Reel, request: Request, edits: Edit[]): Response {
    const id = reel.state.recordingId;
    if (request.headers.get("if-match") !== `"${reel.state.version}"`) {
      return fault(412, "conflict", "The recording was changed");
    }
    for (const edit of edits) this.#apply(id, reel, edit);
    return json(reel.state);
  }

  #apply(id: string, reel: Reel, edit: Edit) {
    switch (edit.op) {
      case "rename":
        return this.append(id, "recording.renamed", { name: edit.name });
      case "folder":
        return this.append(id, "recording.filed", { folder: edit.folder });
      case "variables":
        return this.append(id, "recording.variables_set", { variables: edit.variables });
      case "insertStep":
        return this.append(id, "recording.step_inserted", { step: edit.step, index: edit.index });
      case "replaceStep":
        return this.append(id, "recording.step_changed", { step: edit.step, edited: true });
      case "removeStep":
        return this.append(id, "recording.step_removed", { stepId: edit.stepId, edited: true });
      case "moveStep":
        return this.append(id, "recording.step_moved", { stepId: edit.stepId, index: edit.index });
      case "restoreVersion":
        return this.append(id, "recording.reverted", { version: edit.version, way: "restore" });
      case "undo":
        return this.append(id, "recording.reverted", { version: reel.undo.pop(), way: "undo" });
      case "redo":
        return this.append(id, "recording.reverted", { version: reel.redo.pop(), way: "redo" });
      case "remove":
        return this.append(id, "recording.removed", {});
      case "restore":
        return this.append(id, "recording.restored", {});
    }
  }
}

function itemOf(r: Recording): RecordingItem {
  return {
    ...{ recordingId: r.recordingId, project: r.project, name: r.name, folder: r.folder },
    ...{ status: r.status, mode: r.mode, url: r.url, steps: r.steps.length },
    ...{ durationMs: r.durationMs ?? 0, version: r.version, attempt: r.attempt, cursor: "" },
    thumbnailUrl: r.thumbnail && `/api/recorder/${r.recordingId}/artifacts/${r.thumbnail}`,
    createdAt: r.createdAt ?? "",
    updatedAt: r.updatedAt ?? "",
  };
}

function words(type: string, data: Data): string {
  const step = data.step as Step | undefined;
  const title = step?.title ?? step?.type ?? "";
  const said: Record<string, string> = {
    "recording.started": "Recording began",
    "recording.step_recorded": title,
    "recording.step_changed": `Changed: ${title}`,
    "recording.step_inserted": `Inserted: ${title}`,
    "recording.step_removed": "Deleted a step",
    "recording.step_moved": `Moved a step to ${Number(data.index) + 1}`,
    "recording.renamed": `Renamed to “${data.name}”`,
    "recording.filed": `Moved to ${data.folder || "the top"}`,
    "recording.variables_set": "Variables changed",
    "recording.reverted": `${data.way}: as at version ${data.version}`,
    "recording.finished": `Ended: ${data.outcome}`,
    "recording.removed": "Removed",
    "recording.restored": "Restored",
  };
  return said[type] ?? type;
}

const profiles = [
  {
    project: "default",
    name: "ada",
    recordingId: "demo-login",
    url: "https://shop.example/login",
    savedAt: "2026-03-01T10:00:00Z",
    expired: false,
  },
];

const devices = [
  ["iPhone 15", 393, 659],
  ["Pixel 7", 412, 839],
  ["iPad Mini", 768, 1024],
].map(([name, width, height]) => ({
  ...{ name, viewport: { width, height }, userAgent: "", deviceScaleFactor: 2 },
  ...{ isMobile: true, hasTouch: true },
}));

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json" },
  });
}

function fault(status: number, code: string, title: string): Response {
  return new Response(JSON.stringify({ type: "about:blank", title, status, code }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}

/** The client's end of a seat in front of a session's browser. */
export class FakeStageSocket {
  readyState = 0;
  binaryType = "blob";
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  commands: StageCommand[] = [];
  onCommand: (command: StageCommand) => void = () => {};
  #recorder: FakeRecorder;

  constructor(recorder: FakeRecorder) {
    this.#recorder = recorder;
    queueMicrotask(() => {
      if (this.readyState === 3) return;
      this.readyState = 1;
      recorder.sockets.add(this);
      recorder.greet(this);
    });
  }

  hello(you: "driver" | "watcher" = "driver", mobile = false) {
    const viewport = { width: 1280, height: 800, mobile };
    this.deliver({ op: "hello", sessionId: "s", viewer: "me", you, viewport });
    this.state({ driver: you === "driver" ? "me" : "mira" });
  }

  state(more: Data = {}) {
    this.deliver({
      ...{ op: "state", active: "page", driver: "me", viewers: 1, elapsedMs: 1000, mode: "" },
      pages: [
        { page: "page", url: "https://shop.example/cart", title: "Your cart", canGoBack: true },
      ],
      ...more,
    });
  }

  send(text: string) {
    const command = JSON.parse(text) as StageCommand;
    this.commands.push(command);
    this.onCommand(command);
  }

  deliver(message: unknown) {
    if (this.readyState !== 1) return;
    const data = message instanceof ArrayBuffer ? message : JSON.stringify(message);
    this.onmessage?.({ data });
  }

  close() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#recorder.sockets.delete(this);
    queueMicrotask(() => this.onclose?.());
  }
}

/** A frame as the session sends it. */
export function frameOf(
  jpeg: Uint8Array,
  { page = 1, number = 1, width = 1280, height = 800, elapsedMs = 0 } = {},
): ArrayBuffer {
  const message = new ArrayBuffer(16 + jpeg.byteLength);
  const view = new DataView(message);
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint16(2, page);
  view.setUint32(4, number);
  view.setUint16(8, width);
  view.setUint16(10, height);
  view.setUint32(12, elapsedMs);
  new Uint8Array(message, 16).set(jpeg);
  return message;
}
