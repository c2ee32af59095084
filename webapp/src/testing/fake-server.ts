import type { LiveFilter } from "@/features/live/protocol";
import type { Artifact, Job, LogLine, Status, Submission, TapeEvent } from "@/lib/api";
import { FakeEnvironments } from "./fake-environments";
import { FakeKnowledge } from "./fake-knowledge";
import { FakeProofs } from "./fake-proofs";
import { FakeRecorder } from "./fake-recorder";
import { FakeSuiteReviews } from "./fake-suite-reviews";
import { FakeSuites } from "./fake-suites";

type Data = Record<string, unknown>;
interface Tape {
  job: Job;
  /** State and output in log order. */
  events: TapeEvent[];
  lines: Map<number, LogLine[]>;
  artifacts: Artifact[];
}
interface Follower {
  socket: FakeSocket;
  ref: string;
  id: string;
  filter: LiveFilter;
  mode: string;
}

const head = { count: 0, hash: "0".repeat(64) };

/**
 * The API in memory: enough of it to develop the page and to test its parts without a server. It
 * knows no rules: what happens is what `record` is told to happen.
 */
export class FakeServer {
  tapes = new Map<string, Tape>();
  log: TapeEvent[] = [];
  followers: Follower[] = [];
  sockets = new Set<FakeSocket>();
  requests: { method: string; path: string; body: unknown }[] = [];
  epoch = "e1";
  demo: { url: string; pipelineId?: string } | undefined;
  model: string | undefined;
  down = false;
  clock = Date.now();
  paused = new Set<string>();
  /** Answers that replace the next ones of a path, for tests of failures. */
  overrides = new Map<string, () => Response>();
  recorder = new FakeRecorder(this);
  knowledge = new FakeKnowledge();
  environments = new FakeEnvironments();
  proofs = new FakeProofs(this);
  suites = new FakeSuites(this);
  suiteReviews = new FakeSuiteReviews();

  cursor(position = this.log.length): string {
    return `${this.epoch}.${position}.c0ffee`;
  }

  submit(submission: Submission, jobId = `01jd${Math.random().toString(36).slice(2, 14)}`): Tape {
    const at = this.#time();
    const job: Job = {
      jobId,
      project: submission.project ?? "default",
      kind: submission.kind,
      status: submission.runAt || submission.delay ? "delayed" : "queued",
      queue: submission.queue ?? submission.kind.split(".")[0] ?? "default",
      priority: submission.priority ?? "normal",
      labels: submission.labels ?? {},
      input: submission.input ?? {},
      attempt: 0,
      maxAttempts: submission.retry?.maxAttempts ?? 3,
      parentId: submission.parentId,
      after: submission.after,
      createdAt: at,
      updatedAt: at,
      version: 0,
    };
    this.tapes.set(jobId, { job, events: [], lines: new Map(), artifacts: [] });
    this.record(jobId, "job.submitted", {
      kind: job.kind,
      queue: job.queue,
      priority: job.priority,
      status: job.status,
      input: job.input,
      labels: job.labels,
      retry: { maxAttempts: job.maxAttempts, initialMs: 1000, maxMs: 300_000, factor: 2 },
    });
    return this.tape(jobId);
  }

  tape(jobId: string): Tape {
    const tape = this.tapes.get(jobId);
    if (!tape) throw new Error(`no job ${jobId}`);
    return tape;
  }

  /** Appends an event, changes the job as told and tells the followers. */
  record(jobId: string, type: string, data: Data, change: Partial<Job> = {}) {
    const tape = this.tape(jobId);
    const output = ["job.logged", "job.progressed", "job.artifact_stored"].includes(type);
    const at = this.#time();
    const attempt = change.attempt ?? tape.job.attempt;
    const stream = output ? `job/${jobId}/out/${attempt}` : `job/${jobId}`;
    const sequence = tape.events.filter((e) => e.stream === stream).length + 1;
    const event = this.#envelope(jobId, stream, type, data, sequence, attempt);
    this.log.push(event);
    tape.events.push(event);
    tape.job = {
      ...tape.job,
      ...change,
      updatedAt: at,
      version: tape.job.version + (output ? 0 : 1),
      cursor: event.cursor,
    };
    for (const follower of this.followers) this.#tell(follower, [event]);
  }

  /** Appends an event of another stream than a job's, and tells the followers. */
  emit(subject: string, stream: string, type: string, data: Data, sequence: number): TapeEvent {
    const event = this.#envelope(subject, stream, type, data, sequence);
    this.log.push(event);
    for (const follower of this.followers) this.#tell(follower, [event]);
    return event;
  }

  #envelope(
    subject: string,
    stream: string,
    type: string,
    data: Data,
    sequence: number,
    attempt = 0,
  ): TapeEvent {
    const job = this.tapes.get(subject)?.job;
    return {
      specversion: "1.0",
      id: `ev-${this.log.length + 1}`,
      source: "tapedeck/fake",
      type,
      subject,
      time: this.#time(),
      datacontenttype: "application/json",
      stream,
      project: job?.project ?? "default",
      sequence,
      kind: job?.kind ?? "recorder.record",
      attempt: attempt || undefined,
      schemaversion: 1,
      prevhash: "0".repeat(64),
      data,
      cursor: this.cursor(this.log.length + 1),
    };
  }

  start(jobId: string) {
    const attempt = this.tape(jobId).job.attempt + 1;
    this.record(
      jobId,
      "job.started",
      { attempt, worker: "w-1", lease: "l-1", leaseMs: 30_000 },
      {
        status: "running",
        attempt,
        startedAt: this.#time(),
        finishedAt: undefined,
        error: undefined,
        progress: undefined,
      },
    );
  }

  logLines(jobId: string, texts: string[], level: LogLine["level"] = "info") {
    const tape = this.tape(jobId);
    const attempt = tape.job.attempt;
    const lines = tape.lines.get(attempt) ?? [];
    const time = this.#time();
    const added = texts.map((text, i) => ({
      seq: lines.length + i + 1,
      attempt,
      time,
      level,
      text,
    }));
    tape.lines.set(attempt, lines.concat(added));
    this.record(jobId, "job.logged", {
      lines: added.map(({ time, level, text }) => ({ time, level, text })),
    });
  }

  progress(jobId: string, percent: number, message = "") {
    this.record(jobId, "job.progressed", { percent, message }, { progress: { percent, message } });
  }

  succeed(jobId: string, result: unknown = { ok: true }) {
    this.record(
      jobId,
      "job.succeeded",
      { result, output: head },
      { status: "succeeded", result, finishedAt: this.#time() },
    );
  }

  fail(jobId: string, error: { code: string; message: string; detail?: string }, retryMs?: number) {
    const { attempt } = this.tape(jobId).job;
    const last = retryMs === undefined;
    this.record(jobId, "job.failed", { error, final: false, output: head }, { error });
    if (last) {
      this.record(
        jobId,
        "job.dead_lettered",
        { reason: "attempts_used_up" },
        { status: "dead", finishedAt: this.#time() },
      );
    } else {
      const runAt = new Date(this.clock + retryMs).toISOString();
      this.record(
        jobId,
        "job.retry_scheduled",
        { runAt, delayMs: retryMs, attempt: attempt + 1 },
        { status: "retrying", runAt },
      );
    }
  }

  artifact(jobId: string, name: string, size: number, contentType: string) {
    const tape = this.tape(jobId);
    const { attempt } = tape.job;
    const sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    tape.artifacts.push({
      name,
      size,
      contentType,
      sha256,
      attempt,
      storedAt: this.#time(),
      url: `/api/jobs/${jobId}/artifacts/${name}`,
    });
    this.record(jobId, "job.artifact_stored", { name, size, contentType, sha256 });
  }

  #time(): string {
    return new Date(this.clock).toISOString();
  }

  // ── HTTP ──

  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const path = url.pathname;
    const body =
      request.method === "POST" || request.method === "PUT"
        ? await request.json().catch(() => undefined)
        : undefined;
    this.requests.push({ method: request.method, path: path + url.search, body });
    if (this.down) throw new TypeError("Failed to fetch");
    const override = this.overrides.get(path);
    if (override) return override();
    const [, , area, id, part, ...rest] = path.split("/");
    if (area === "recorder" || area === "recordings") {
      return this.recorder.handle(request, url, body);
    }
    if (area === "test-cases") return this.suites.handle(request, url, body);
    if (area === "suites" && !id) return this.suites.handle(request, url, body);
    if (area === "suites" && id !== "verify" && part !== "proof" && part !== "trace") {
      return this.suiteReviews.handle(request, url, body);
    }
    if (area === "suites") return this.proofs.handle(url);
    if (area === "knowledge") return this.knowledge.handle(request, url);
    if (area === "environments") return this.environments.handle(request, url, body);
    if (area === "ingest") {
      const { job } = this.submit({ kind: `ingest.${id}`, input: body as Submission["input"] });
      return json({ jobId: job.jobId, status: job.status, version: 1, cursor: this.cursor() }, 202);
    }
    if (area === "jobs" && request.method === "POST") return this.#command(id, part, body);
    if (area === "jobs" && id === undefined) return this.#list(url.searchParams);
    if (area === "jobs") return this.#job(id as string, part, rest.join("/"), url.searchParams);
    if (area === "queues" && part) return this.#queueCommand(id as string, part);
    return this.#system(area);
  }

  #list(query: URLSearchParams): Response {
    const [status, kind] = [query.getAll("status"), query.getAll("kind")];
    const sort = query.get("sort") ?? "-createdAt";
    const key = sort.endsWith("updatedAt") ? "updatedAt" : "createdAt";
    const q = query.get("q")?.toLowerCase();
    const found = [...this.tapes.values()]
      .filter(({ job }) => !q || JSON.stringify(job).toLowerCase().includes(q))
      .map(({ job: { input: _input, result: _result, ...job } }) => job as Job)
      .filter(
        (job) =>
          (!status.length || status.includes(job.status)) &&
          (!kind.length || kind.includes(job.kind)) &&
          (!query.has("project") || job.project === query.get("project")) &&
          (!query.has("parent") || job.parentId === query.get("parent")),
      )
      .sort((a, b) =>
        a[key] === b[key] ? (a.jobId < b.jobId ? -1 : 1) : a[key] < b[key] ? -1 : 1,
      );
    if (sort.startsWith("-")) found.reverse();
    const from = Number(query.get("page") ?? 0);
    const limit = Number(query.get("limit") ?? 50);
    return json({
      items: found.slice(from, from + limit),
      nextPage: from + limit < found.length ? String(from + limit) : undefined,
      total: query.get("count") ? found.length : undefined,
      cursor: this.cursor(),
    });
  }

  #job(id: string, part: string | undefined, name: string, query: URLSearchParams): Response {
    const tape = this.tapes.get(id);
    if (!tape) return problem(404, "not_found", "There is no such job");
    const state = tape.events.filter((e) => e.stream === `job/${id}`);
    if (part === undefined) {
      const version = Number(query.get("version") ?? tape.job.version);
      return json(version === tape.job.version ? tape.job : this.#asOf(tape, version));
    }
    if (part === "events") {
      const items = query.get("output") === "true" ? tape.events : state;
      return json({ items, cursor: this.cursor(), caughtUp: true });
    }
    if (part === "log") return this.#logPage(tape, query);
    if (part === "artifacts" && name) return new Response(`contents of ${name}\n`);
    return json({ items: tape.artifacts });
  }

  // A rough past: what the events up to there say about the status.
  #asOf(tape: Tape, version: number): Job {
    const statuses: Record<string, Status> = {
      "job.submitted": "queued",
      "job.queued": "queued",
      "job.started": "running",
      "job.retry_scheduled": "retrying",
      "job.succeeded": "succeeded",
      "job.dead_lettered": "dead",
      "job.cancelled": "cancelled",
    };
    const past = tape.events.filter((e) => e.stream === `job/${tape.job.jobId}`).slice(0, version);
    const last = past.findLast((e) => statuses[e.type]);
    const failed = past.findLast((e) => e.type === "job.failed");
    return {
      ...tape.job,
      status: statuses[last?.type ?? ""] ?? "queued",
      attempt: past.filter((e) => e.type === "job.started").length,
      error: (failed?.data as { error: Job["error"] } | undefined)?.error,
      result: past.at(-1)?.type === "job.succeeded" ? tape.job.result : undefined,
      progress: undefined,
      finishedAt: undefined,
      updatedAt: past.at(-1)?.time ?? tape.job.createdAt,
      cursor: past.at(-1)?.cursor,
      version,
    };
  }

  #logPage(tape: Tape, query: URLSearchParams): Response {
    const attempt = Number(query.get("attempt") ?? tape.job.attempt);
    const lines = tape.lines.get(attempt) ?? [];
    const limit = Number(query.get("limit") ?? 1000);
    const tail = query.get("tail");
    const from = tail === null ? Number(query.get("from") ?? 1) : lines.length - Number(tail) + 1;
    const page = lines.slice(Math.max(0, from - 1), Math.max(0, from - 1) + limit);
    return json({
      lines: tail === "0" ? [] : page,
      next: from + limit <= lines.length ? from + limit : undefined,
      total: lines.length,
      attempt,
      attempts: tape.job.attempt,
      ended: attempt < tape.job.attempt || tape.job.status !== "running",
      cursor: this.cursor(),
    });
  }

  #command(id: string | undefined, part: string | undefined, body: unknown): Response {
    if (id === undefined) {
      const tape = this.submit(body as Submission);
      return json(tape.job, 202, { Location: `/api/jobs/${tape.job.jobId}` });
    }
    if (id === "bulk") return this.#bulk(body as Data);
    const tape = this.tapes.get(id);
    if (!tape) return problem(404, "not_found", "There is no such job");
    if (part === "cancel") this.record(id, "job.cancelled", {}, { status: "cancelled" });
    if (part === "stop") this.record(id, "job.stop_requested", {}, { status: "stopping" });
    if (part === "retry") {
      this.record(id, "job.queued", { reason: "retry_requested" }, { status: "queued" });
    }
    if (part === "annotate") this.record(id, "job.annotated", body as Data);
    return json(tape.job, 202);
  }

  #bulk(body: Data): Response {
    const filter = (body.filter ?? {}) as { statuses?: Status[] };
    const ids = (body.ids as string[]) ?? [...this.tapes.keys()];
    const chosen = ids
      .map((id) => this.tape(id).job)
      .filter((job) => !filter.statuses || filter.statuses.includes(job.status));
    const byStatus: Record<string, number> = {};
    for (const job of chosen) byStatus[job.status] = (byStatus[job.status] ?? 0) + 1;
    const can = (job: Job) => (body.action === "retry") === (job.status === "dead");
    const skipped = chosen.filter((job) => !can(job));
    if (!body.dryRun) {
      for (const job of chosen) if (can(job)) this.#command(job.jobId, String(body.action), {});
    }
    return json({
      matched: chosen.length,
      affected: chosen.length - skipped.length,
      skipped: skipped.map((job) => ({ jobId: job.jobId, reason: `it is ${job.status}` })),
      skippedTotal: skipped.length,
      byStatus,
      dryRun: body.dryRun === true,
    });
  }

  #queues() {
    const names = [...new Set([...this.tapes.values()].map(({ job }) => job.queue))].sort();
    return names.map((name) => {
      const jobs = [...this.tapes.values()].map(({ job }) => job).filter((j) => j.queue === name);
      const queued = jobs.filter((job) => job.status === "queued");
      const depth = (priority: string) => queued.filter((j) => j.priority === priority).length;
      const oldest = Math.min(...queued.map((job) => Date.parse(job.createdAt)));
      return {
        name,
        kinds: [...new Set(jobs.map((job) => job.kind))],
        paused: this.paused.has(name),
        draining: false,
        depth: { high: depth("high"), normal: depth("normal"), low: depth("low") },
        oldestAgeMs: queued.length ? this.clock - oldest : undefined,
        running: jobs.filter((job) => job.status === "running").length,
        workers: 1,
      };
    });
  }

  #queueCommand(name: string, command: string): Response {
    if (command === "pause") this.paused.add(name);
    if (command === "resume") this.paused.delete(name);
    return json(
      this.#queues().find((queue) => queue.name === name),
      202,
    );
  }

  #system(area: string | undefined): Response {
    if (area === "info") {
      return json({
        version: "0.1.0",
        store: "sqlite",
        durability: "fsync",
        epoch: this.epoch,
        startedAt: this.#time(),
        projects: ["default", "checkout"],
        demo: this.demo,
        model: this.model,
      });
    }
    if (area === "kinds") return json({ items: fakeKinds });
    if (area === "queues") return json({ items: this.#queues(), cursor: this.cursor() });
    if (area === "workers") return json({ items: this.#workers() });
    if (area === "stats") return json(this.#stats());
    return problem(404, "not_found", "Nothing here");
  }

  #workers() {
    const running = [...this.tapes.values()].map(({ job }) => job).filter((j) => isRunning(j));
    return ["deck-1", "deck-2"].map((name, i) => ({
      id: `w-${i + 1}`,
      name,
      host: "build-07.example",
      pid: 4100 + i,
      kinds: fakeKinds.map((kind) => kind.kind),
      queues: this.#queues().map((queue) => queue.name),
      concurrency: 8,
      running: running
        .filter((_, n) => n % 2 === i)
        .map(({ jobId, kind, attempt, startedAt }) => ({ jobId, kind, attempt, startedAt })),
      startedAt: new Date(this.clock - 7_400_000).toISOString(),
      heartbeatAt: new Date(this.clock - (i ? 48_000 : 1200)).toISOString(),
      status: i ? "lost" : "active",
      version: "0.1.0",
    }));
  }

  #stats() {
    const jobs = [...this.tapes.values()].map(({ job }) => job);
    const statuses: Record<string, number> = {};
    for (const job of jobs) statuses[job.status] = (statuses[job.status] ?? 0) + 1;
    const bucketSeconds = 60;
    const throughput = Array.from({ length: 60 }, (_, i) => ({
      time: new Date(this.clock - (60 - i) * 60_000).toISOString(),
      submitted: Math.round(40 + 25 * Math.sin(i / 6) + (i % 7)),
      started: Math.round(40 + 25 * Math.sin(i / 6)),
      succeeded: Math.round(36 + 22 * Math.sin(i / 6)),
      failed: i % 11 === 0 ? 6 : 1,
      cancelled: i % 23 === 0 ? 2 : 0,
      dead: i % 17 === 0 ? 1 : 0,
      retried: i % 5,
    }));
    const kinds = fakeKinds.map((kind, i) => ({
      kind: kind.kind,
      count: 1200 / (i + 1),
      succeeded: 1150 / (i + 1),
      failed: 20,
      cancelled: 4,
      dead: 6,
      retries: 31,
      successRate: 0.96 - i * 0.07,
      duration: { p50: 420 * (i + 1), p95: 2900 * (i + 1), p99: 8100 * (i + 1) },
      wait: { p50: 12, p95: 180, p99: 950 },
    }));
    return {
      window: "1h",
      from: throughput[0]?.time,
      to: this.#time(),
      bucketSeconds,
      throughput,
      kinds,
      statuses,
      queues: this.#queues(),
      cursor: this.cursor(),
    };
  }

  // ── live ──

  receive(socket: FakeSocket, text: string) {
    const message = JSON.parse(text);
    if (message.op === "ping") socket.deliver({ op: "pong" });
    if (message.op === "unsubscribe") {
      this.followers = this.followers.filter((f) => f.socket !== socket || f.ref !== message.ref);
    }
    if (message.op !== "subscribe") return;
    const { ref, filter, mode } = message;
    const from = message.from === "now" ? this.cursor() : message.from;
    const [epoch, position] = String(from).split(".");
    if (epoch !== this.epoch) {
      socket.deliver({ op: "gone", ref, reason: "foreign", detail: "It is of another log." });
      return;
    }
    const id = JSON.stringify([filter, mode]);
    this.followers = this.followers.filter((f) => f.socket !== socket || f.id !== id);
    const follower = { socket, ref, id, filter, mode };
    this.followers.push(follower);
    socket.deliver({ op: "subscribed", ref, subscription: id, cursor: from });
    this.#tell(follower, this.log.slice(Number(position)));
    socket.deliver({ op: "caught_up", subscription: id, cursor: this.cursor() });
  }

  #tell({ socket, id, filter, mode }: Follower, events: TapeEvent[]) {
    const hits = events.filter(
      (e) =>
        (!filter.jobs || filter.jobs.includes(e.subject ?? "")) &&
        (!filter.kinds || filter.kinds.includes(e.kind ?? "")) &&
        (!filter.project || filter.project === e.project),
    );
    const last = hits.at(-1);
    if (!last) return;
    if (mode === "all") {
      socket.deliver({ op: "events", subscription: id, events: hits });
      return;
    }
    const subjects = [...new Set(hits.map((e) => e.subject ?? ""))];
    const jobs = subjects
      .filter((id) => this.tapes.has(id))
      .map((jobId) => {
        const { input: _input, result: _result, ...job } = this.tape(jobId).job;
        return job;
      });
    socket.deliver({
      op: "coalesced",
      subscription: id,
      folded: hits.length,
      jobs,
      cursor: last.cursor,
    });
  }

  /** Cuts every socket, as a restart does. */
  cut() {
    for (const socket of [...this.sockets]) socket.close();
  }
}

function isRunning(job: Job): boolean {
  return job.status === "running" || job.status === "stopping";
}

/** The client's end of a socket to a FakeServer. */
export class FakeSocket {
  static OPEN = 1;
  readyState = 0;
  onmessage: ((frame: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  #server: FakeServer;

  constructor(server: FakeServer) {
    this.#server = server;
    queueMicrotask(() => {
      if (server.down) return this.close();
      this.readyState = 1;
      server.sockets.add(this);
      this.deliver({ op: "hello", epoch: server.epoch, heartbeat: 10_000 });
    });
  }

  send(text: string) {
    this.#server.receive(this, text);
  }

  deliver(message: unknown) {
    if (this.readyState === 1) this.onmessage?.({ data: JSON.stringify(message) });
  }

  close() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#server.sockets.delete(this);
    this.#server.followers = this.#server.followers.filter((f) => f.socket !== this);
    queueMicrotask(() => this.onclose?.());
  }
}

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

export function problem(
  status: number,
  code: string,
  title: string,
  more: Record<string, unknown> = {},
): Response {
  return new Response(JSON.stringify({ type: "about:blank", title, status, code, ...more }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}

export const fakeKinds = [
  {
    kind: "system.exercise",
    title: "Exercise the engine",
    description:
      "Writes log lines at a rate, reports progress, stores an artefact, fails on request.",
    queue: "system",
    inputSchema: {
      type: "object",
      additionalProperties: false,
      properties: {
        lines: {
          type: "integer",
          minimum: 0,
          maximum: 1_000_000,
          default: 100,
          title: "Log lines",
        },
        rate: {
          type: "number",
          minimum: 0,
          default: 50,
          description: "Lines a second; 0 is no limit",
        },
        steps: { type: "integer", minimum: 0, maximum: 1000, default: 10 },
        artifactBytes: { type: "integer", minimum: 0, maximum: 10_485_760 },
        failAt: {
          type: "number",
          minimum: 0,
          maximum: 1,
          description: "Fail at this part of the work",
        },
        failTimes: { type: "integer", minimum: 0, default: 0 },
        mode: { type: "string", enum: ["calm", "bursty"], default: "calm" },
        stubborn: { type: "boolean", description: "Ignore cancel" },
        tags: { type: "array", items: { type: "string" } },
      },
    },
    defaults: { timeout: "10m", retry: { maxAttempts: 3 }, priority: "normal" },
  },
  {
    kind: "system.ping",
    title: "Ping",
    description: "Answers with what it was sent.",
    queue: "system",
    inputSchema: {
      type: "object",
      additionalProperties: false,
      required: ["message"],
      properties: { message: { type: "string", minLength: 1, maxLength: 200 } },
    },
    defaults: { timeout: "30s" },
  },
];
