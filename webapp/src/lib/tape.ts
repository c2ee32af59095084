import type { JobError, TapeEvent } from "./api";

/** What a job was doing for a while, for the timeline. */
export interface Span {
  phase: "waiting" | "delayed" | "queued" | "running" | "stopping" | "retrying";
  from: number;
  /** Open while it is still so. */
  to?: number;
}

export type Outcome =
  | "running"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "lease_expired"
  | "handed_back";

/** One attempt with everything that led to it: the wait before, the run, and how it ended. */
export interface Attempt {
  /** 0 until it has started. */
  number: number;
  worker?: string;
  startedAt?: number;
  finishedAt?: number;
  outcome?: Outcome;
  error?: JobError;
  spans: Span[];
}

type Data = Record<string, unknown>;

/** Whether the event is of the job's state stream: not of an attempt's output nor of a recording. */
export function isStateEvent(event: TapeEvent): boolean {
  return event.stream.startsWith("job/") && !event.stream.includes("/out/");
}

/** The attempts of a job, read from its state events. The last one may not have started yet. */
export function attemptsOf(events: TapeEvent[]): Attempt[] {
  const attempts: Attempt[] = [];
  let current: Attempt = { number: 0, spans: [] };
  const at = (event: TapeEvent) => Date.parse(event.time);
  const enter = (phase: Span["phase"] | null, time: number) => {
    const open = current.spans.at(-1);
    if (open && open.to === undefined) open.to = time;
    if (phase) current.spans.push({ phase, from: time });
  };
  const close = (outcome: Outcome, time: number, error?: JobError) => {
    enter(null, time);
    current.outcome = outcome;
    current.finishedAt = time;
    current.error = error;
    if (current.number > 0) attempts.push(current);
    current = { number: 0, spans: [] };
  };

  for (const event of events) {
    const time = at(event);
    const data = (event.data ?? {}) as Data;
    switch (event.type) {
      case "job.submitted": {
        const status = data.status;
        enter(status === "waiting" || status === "delayed" ? status : "queued", time);
        break;
      }
      case "job.waiting":
        enter("waiting", time);
        break;
      case "job.queued":
        if (current.number > 0) close("handed_back", time);
        enter("queued", time);
        break;
      case "job.started":
        current.number = Number(data.attempt ?? event.attempt ?? attempts.length + 1);
        current.worker = data.worker as string | undefined;
        current.startedAt = time;
        current.outcome = "running";
        enter("running", time);
        break;
      case "job.stop_requested":
      case "job.cancel_requested":
        if (current.number > 0) enter("stopping", time);
        break;
      case "job.retry_scheduled":
        enter("retrying", time);
        break;
      case "job.failed":
        close("failed", time, data.error as JobError);
        break;
      case "job.lease_expired":
        close("lease_expired", time, {
          code: "lease_expired",
          message: `worker ${data.worker ?? "?"} fell silent`,
        });
        break;
      case "job.succeeded":
        close("succeeded", time);
        break;
      case "job.cancelled":
        close("cancelled", time);
        break;
      default:
        break;
    }
  }
  if (current.spans.length > 0) attempts.push(current);
  return attempts;
}

/** What an event says, in a line. */
export function summary(event: TapeEvent): string {
  const data = (event.data ?? {}) as Data;
  const error = data.error as JobError | undefined;
  switch (event.type) {
    case "job.submitted":
      return `${data.kind} to ${data.queue}, ${data.priority} priority`;
    case "job.queued":
      return String(data.reason ?? "").replaceAll("_", " ");
    case "job.started":
      return `attempt ${data.attempt} on ${data.worker}`;
    case "job.failed":
      return error ? `${error.code}: ${error.message}` : "";
    case "job.retry_scheduled":
      return `attempt ${data.attempt} after ${data.delayMs} ms`;
    case "job.dependency_resolved":
      return `${data.jobId} ${data.status}`;
    case "job.lease_expired":
      return `worker ${data.worker} fell silent`;
    case "job.dead_lettered":
    case "job.cancelled":
    case "job.cancel_requested":
    case "job.stop_requested":
      return String(data.reason ?? "").replaceAll("_", " ");
    case "job.annotated":
      return String(data.text ?? "");
    case "job.forked":
      return `from ${data.fromJobId} at version ${data.fromVersion}`;
    default:
      return "";
  }
}
