import { ApiError, api, apiURL, asProblem, unwrap } from "./api";
import type { components } from "./api.gen";
import type { Accepted, Word } from "./suites-api";

type Schemas = components["schemas"];
export type SuiteReview = Schemas["SuiteReview"];
export type SuiteText = Schemas["SuiteText"];
export type SuiteProof = Schemas["SuiteProof"];
export type SuiteEntry = Schemas["SuiteEntry"];

/** What a job of suite.push is asked for. */
export interface PushInput {
  suiteId: string;
  project?: string;
  /** https://HOST/PATH, or a folder on the server's machine. */
  url: string;
  /** What the tests are proposed to; the repository's own when absent. */
  branch?: string;
  folder?: string;
  user?: string;
  /** The name of the secret with the token that may push. */
  tokenRef?: string;
  unproven?: boolean;
  by?: string;
  reason?: string;
}

/** What it has done. */
export interface PushResult {
  branch: string;
  commit: string;
  /** Where people find the branch; absent where that is not known. */
  url?: string;
  spec: string;
  kept: string[];
  merged: string[];
  unchanged: boolean;
}

const path = (jobId: string) => ({ path: { jobId } });
const at = (jobId: string, version: number) => ({
  ...path(jobId),
  header: { "If-Match": `"${version}"` },
});

/** What people say of a generated suite. Each change answers the whole review as it is afterwards. */
export const suiteReviews = {
  /** Null for a suite that was generated before there were reviews, or is still being written. */
  get: async (jobId: string, signal?: AbortSignal): Promise<SuiteReview | null> => {
    try {
      return await unwrap(api.GET("/api/suites/{jobId}/review", { params: path(jobId), signal }));
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") return null;
      throw error;
    }
  },
  text: async (jobId: string, number: number, signal?: AbortSignal): Promise<string> => {
    const response = await fetch(
      apiURL(`/api/suites/${encodeURIComponent(jobId)}/text?number=${number}`),
      { signal },
    );
    if (response.ok) return response.text();
    throw new ApiError(asProblem(await response.json().catch(() => undefined), response));
  },
  /** Fails with 412 when the version has moved on. */
  edit: (
    jobId: string,
    version: number,
    body: Word & { text: string; prove: boolean },
  ): Promise<SuiteReview> =>
    unwrap(api.PUT("/api/suites/{jobId}/text", { params: at(jobId, version), body })),
  accept: (jobId: string, version: number, body: Word): Promise<SuiteReview> =>
    unwrap(api.POST("/api/suites/{jobId}/accept", { params: at(jobId, version), body })),
  /** A reason is needed. */
  reject: (jobId: string, version: number, body: Word): Promise<SuiteReview> =>
    unwrap(api.POST("/api/suites/{jobId}/reject", { params: at(jobId, version), body })),
  prove: (jobId: string, body: Word): Promise<SuiteReview> =>
    unwrap(api.POST("/api/suites/{jobId}/prove", { params: path(jobId), body })),
  /** The project as a file; its history tells to whom. */
  export: async (jobId: string, body: Word): Promise<Blob> => {
    const response = await fetch(projectURL(jobId), {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    });
    if (response.ok) return response.blob();
    throw new ApiError(asProblem(await response.json().catch(() => undefined), response));
  },
  push: (body: PushInput, key: string): Promise<Accepted> =>
    unwrap(api.POST("/api/suites/push", { body, params: { header: { "Idempotency-Key": key } } })),
};

/** Where the whole project with its current text is. */
export const projectURL = (jobId: string) =>
  apiURL(`/api/suites/${encodeURIComponent(jobId)}/project.zip`);
