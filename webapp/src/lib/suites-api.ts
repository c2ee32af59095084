import { ApiError, api, apiURL, asProblem, type Job, type JobPage, unwrap } from "./api";
import type { components } from "./api.gen";
import { evidenceURL } from "./proof-api";

type Schemas = components["schemas"];
export type TestCases = Schemas["TestCases"];
export type ReviewedCase = Schemas["ReviewedTestCase"];
export type CaseStep = Schemas["TestCaseStep"];
export type Citation = Schemas["TestCaseCitation"];
export type CaseChange = Schemas["TestCaseChange"];
export type Finding = Schemas["TestCaseFinding"];
export type Standing = Schemas["TestCaseStanding"];
export type CaseClass = Schemas["TestCaseClass"];
export type CaseEdit = Schemas["TestCaseEdit"];
export type CaseTrace = Schemas["TestCaseTrace"];
export type StaleItem = Schemas["StaleList"]["items"][number];
export type Word = Schemas["TestCaseWord"];
export type Accepted = Schemas["IngestAccepted"];

/** The job kinds that make tests and test cases. */
export const suiteKind = "suite.generate";
export const casesKind = "testcases.generate";

/** What tests are written in. */
export type Target = "typescript" | "go";

/** What a job of suite.generate was asked for, as far as the page reads it. */
export interface SuiteInput {
  recordingId: string;
  /** TypeScript when absent. */
  target?: Target;
  learn?: boolean;
  verify?: boolean;
  /** How often each test runs, 1 to 100; 5 when absent. */
  runs?: number;
  /** How many faults the tests are tried with, 0 to 10 000; 200 when absent. */
  mutants?: number;
}

/** What it has made. */
export interface SuiteResult {
  recordingId: string;
  /** Absent in what was written before there was a choice: TypeScript. */
  target?: Target;
  /** The artefact with the test's code, tests/….spec.ts or tests/…_test.go. */
  spec: string;
  /** How many assertions were added to those of the recording. */
  learned: number;
  /** What could not be written, and why. */
  notes?: string[];
  /** The job that verifies the tests; absent when that was not asked for. */
  proofId?: string;
}

/** What is asked of a job of testcases.generate. */
export interface CasesInput {
  recordingId: string;
  /** Ids of sources; all of the project without. */
  sources?: string[];
  /** Whether the model that the server has set is asked. */
  improve?: boolean;
}

export type ExportFormat = "xlsx" | "csv" | "markdown" | "gherkin";
export interface ListQuery {
  project?: string;
  /** Of one kind only; both without. */
  kind?: string;
  /** A recording's or a source's id, which the input has. */
  about?: string;
  page?: string;
  limit?: number;
}

const set = (jobId: string) => ({ path: { jobId } });
const one = (jobId: string, caseId: string, version: number) => ({
  path: { jobId, caseId },
  header: { "If-Match": `"${version}"` },
});

/** The endpoints of generated suites and test cases. */
export const suites = {
  /** The newest first; without what was asked for and what came of it, which `job` has. */
  list: (
    { project, kind, about, page, limit }: ListQuery,
    signal?: AbortSignal,
  ): Promise<JobPage> =>
    unwrap(
      api.GET("/api/jobs", {
        params: {
          query: {
            ...{ project, page, limit, q: about, sort: "-createdAt" },
            kind: kind ? [kind] : [suiteKind, casesKind],
          },
        },
        signal,
      }),
    ),
  job: (jobId: string, signal?: AbortSignal): Promise<Job> =>
    unwrap(api.GET("/api/jobs/{jobId}", { params: set(jobId), signal })),
  generate: (body: SuiteInput & { project?: string }, key: string): Promise<Accepted> =>
    unwrap(api.POST("/api/suites", { body, params: { header: { "Idempotency-Key": key } } })),
  /** The text of an artefact; null while it is not there. */
  text: async (jobId: string, name: string, signal?: AbortSignal): Promise<string | null> => {
    const response = await fetch(evidenceURL(jobId, name), { signal });
    if (response.ok) return response.text();
    if (response.status === 404) return null;
    throw new ApiError(asProblem(await response.json().catch(() => undefined), response));
  },
};

export const testCases = {
  generate: (body: CasesInput & { project?: string }, key: string): Promise<Accepted> =>
    unwrap(
      api.POST("/api/test-cases/generate", {
        body,
        params: { header: { "Idempotency-Key": key } },
      }),
    ),
  /** Null while there are none: their job has not begun to write. */
  get: async (jobId: string, signal?: AbortSignal): Promise<TestCases | null> => {
    try {
      return await unwrap(api.GET("/api/test-cases/{jobId}", { params: set(jobId), signal }));
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") return null;
      throw error;
    }
  },
  /** Each answers all cases as they are afterwards, and fails with 412 when the version has moved on. */
  accept: (jobId: string, caseId: string, version: number, body: Word): Promise<TestCases> =>
    unwrap(
      api.POST("/api/test-cases/{jobId}/cases/{caseId}/accept", {
        params: one(jobId, caseId, version),
        body,
      }),
    ),
  /** A reason is needed. */
  reject: (jobId: string, caseId: string, version: number, body: Word): Promise<TestCases> =>
    unwrap(
      api.POST("/api/test-cases/{jobId}/cases/{caseId}/reject", {
        params: one(jobId, caseId, version),
        body,
      }),
    ),
  edit: (jobId: string, caseId: string, version: number, body: CaseEdit): Promise<TestCases> =>
    unwrap(
      api.POST("/api/test-cases/{jobId}/cases/{caseId}/edit", {
        params: one(jobId, caseId, version),
        body,
      }),
    ),
  /** What the cases cite that is in no current text, with what stands there now. */
  stale: async (jobId: string, signal?: AbortSignal): Promise<StaleItem[]> =>
    (await unwrap(api.GET("/api/test-cases/{jobId}/stale", { params: set(jobId), signal }))).items,
  /** Makes cases anew in a new set, which the answer names; without any, all that are stale. */
  regenerate: (jobId: string, cases: string[], key: string): Promise<Accepted> =>
    unwrap(
      api.POST("/api/test-cases/{jobId}/regenerate", {
        params: { ...set(jobId), header: { "Idempotency-Key": key } },
        body: { cases },
      }),
    ),
  /** From its passages over recorded steps to the runs of tests. */
  trace: (jobId: string, caseId: string, signal?: AbortSignal): Promise<CaseTrace> =>
    unwrap(
      api.GET("/api/test-cases/{jobId}/cases/{caseId}/trace", {
        params: { path: { jobId, caseId } },
        signal,
      }),
    ),
  export: exportCases,
};

/** Hands cases out as a file, which their history tells; a template is a workbook that is filled. */
async function exportCases(
  jobId: string,
  format: ExportFormat,
  standings: Standing[],
  word: Word,
  template?: File,
): Promise<{ blob: Blob; name: string }> {
  const query = new URLSearchParams({ format });
  for (const each of standings) query.append("status", each);
  let body: BodyInit = JSON.stringify(word);
  if (template) {
    body = new FormData();
    body.append("by", word.by);
    if (word.reason) body.append("reason", word.reason);
    body.append("template", template, template.name);
  }
  const path = `/api/test-cases/${encodeURIComponent(jobId)}/export?${query}`;
  const response = await fetch(apiURL(path), {
    method: "POST",
    body,
    ...(template ? {} : { headers: { "Content-Type": "application/json" } }),
  });
  if (!response.ok) {
    throw new ApiError(asProblem(await response.json().catch(() => undefined), response));
  }
  return { blob: await response.blob(), name: fileName(response) ?? `test-cases.${format}` };
}

function fileName(response: Response): string | undefined {
  const said = response.headers.get("Content-Disposition") ?? "";
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(said)?.[1];
  return encoded ? decodeURIComponent(encoded) : /filename="?([^";]+)"?/.exec(said)?.[1];
}
