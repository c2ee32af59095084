import type { Kind, Priority, Problem, Submission } from "@/lib/api";

/** The options of a submission as they are typed; empty means the kind's own. */
export interface Options {
  project: string;
  queue: string;
  priority: "" | Priority;
  labels: string;
  delay: string;
  timeout: string;
  maxAttempts: string;
}

export const noOptions: Options = {
  project: "",
  queue: "",
  priority: "",
  labels: "",
  delay: "",
  timeout: "",
  maxAttempts: "",
};

const DURATION = /^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/;

/** Faults of the options by their name. */
export function checkOptions(options: Options): Partial<Record<keyof Options, string>> {
  const faults: Partial<Record<keyof Options, string>> = {};
  for (const name of ["delay", "timeout"] as const) {
    if (options[name].trim() && !DURATION.test(options[name].trim())) {
      faults[name] = "A duration such as 250ms, 30s or 1h30m is needed.";
    }
  }
  if (options.maxAttempts.trim() && !/^([1-9]\d?|100)$/.test(options.maxAttempts.trim())) {
    faults.maxAttempts = "A number from 1 to 100 is needed.";
  }
  const bad = labelLines(options.labels).find((line) => !/^[^:]+:.*$/.test(line));
  if (bad !== undefined) faults.labels = `“${bad}” is not key:value.`;
  return faults;
}

function labelLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

/** The request that the form stands for. */
export function submissionOf(kind: Kind, input: object, options: Options): Submission {
  const labels = Object.fromEntries(
    labelLines(options.labels).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
  const text = (name: "project" | "queue" | "delay" | "timeout") => {
    const value = options[name].trim();
    return value ? { [name]: value } : {};
  };
  return {
    kind: kind.kind,
    input,
    ...text("project"),
    ...text("queue"),
    ...(options.priority ? { priority: options.priority } : {}),
    ...(Object.keys(labels).length ? { labels } : {}),
    ...text("delay"),
    ...text("timeout"),
    ...(options.maxAttempts.trim()
      ? { retry: { maxAttempts: Number(options.maxAttempts.trim()) } }
      : {}),
  };
}

/** A problem's errors by the pointer of the form's fields; what fits no field stays apart. */
export function mapErrors(problem: Problem, known: ReadonlySet<string>) {
  const fields: Record<string, string> = {};
  const rest: string[] = [];
  for (const { path, message } of problem.errors ?? []) {
    const own = nearest(path.replace(/^\/?body(?=\/)/, "").replace(/^(?!\/)/, "/"), known);
    if (own === null) rest.push(path ? `${path}: ${message}` : message);
    else fields[own] = fields[own] ? `${fields[own]} ${message}` : message;
  }
  return { fields, rest };
}

/** The field that holds the pointer: itself, or the closest one above it. */
function nearest(path: string, known: ReadonlySet<string>): string | null {
  for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    if (known.has(at)) return at;
  }
  return null;
}
