import createClient from "openapi-fetch";
import type { components, paths } from "./api.gen";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type Status = Schemas["Status"];
export type Priority = Schemas["Priority"];
export type JobPage = Schemas["JobPage"];
export type JobError = Schemas["JobError"];
export type ListFilter = Schemas["ListFilter"];
export type BulkRequest = Schemas["BulkRequest"];
export type BulkResult = Schemas["BulkResult"];
export type Submission = Schemas["Submission"];
export type TapeEvent = Schemas["Event"];
export type LogLine = Schemas["LogLine"];
export type LogPage = Schemas["LogPage"];
export type Artifact = Schemas["Artifact"];
export type Kind = Schemas["Kind"];
export type Queue = Schemas["Queue"];
export type Worker = Schemas["Worker"];
export type Stats = Schemas["Stats"];
export type Info = Schemas["Info"];
export type Problem = Schemas["Problem"];

/** Where the API is; the page's own origin unless the build was told otherwise. */
export const apiBase: string = (import.meta.env.VITE_API_BASE_URL ?? "").replace(/\/$/, "");

/** A path of the API as a whole address. */
export const apiURL = (path: string) => (apiBase || window.location.origin) + path;

export const api = createClient<paths>({
  baseUrl: apiBase || window.location.origin,
  // Looked up at each call so that a test can replace it.
  fetch: (request) => globalThis.fetch(request),
});

/** A request that was not answered with a success: the server's problem, or one that we name. */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = "ApiError";
    this.problem = problem;
  }

  get code(): Problem["code"] {
    return this.problem.code;
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * The data of an answer; every other outcome becomes an ApiError, an unreachable server too. Some
 * endpoints have text representations as well: this page always asks for JSON.
 */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<Exclude<T, string>> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError({
      type: "about:blank",
      title: "The server cannot be reached",
      status: 0,
      code: "unavailable",
    });
  }
  if (answer.response.ok) return answer.data as Exclude<T, string>;
  throw new ApiError(asProblem(answer.error, answer.response));
}

export function asProblem(body: unknown, response: Response): Problem {
  if (typeof body === "object" && body !== null && "code" in body && "title" in body) {
    return body as Problem;
  }
  const unavailable = response.status >= 502 && response.status <= 504;
  return {
    type: "about:blank",
    title: response.statusText || `The server answered ${response.status}`,
    status: response.status,
    code: unavailable ? "unavailable" : "internal",
  };
}

/** What to tell a person about any thrown value. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) {
    const { title, detail } = error.problem;
    return detail && detail !== title ? `${title}: ${detail}` : title;
  }
  return error instanceof Error ? error.message : String(error);
}
