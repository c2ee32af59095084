import { ApiError, api, apiBase, asProblem, unwrap } from "./api";
import type { components } from "./api.gen";
import { sendForm } from "./upload";

type Schemas = components["schemas"];
export type Proof = Schemas["Proof"];
export type ProofTest = Schemas["ProofTest"];
export type ProofRun = Schemas["ProofRun"];
export type Mutant = Schemas["Mutant"];
export type Judgement = Schemas["Judgement"];
export type Verdict = Schemas["ProofVerdict"];
export type Score = Verdict["score"];
export type Check = Schemas["ProofCheck"];
export type Repair = Schemas["ProofRepair"];
/** The job that goes on with the faults. */
export type Rest = NonNullable<Proof["rest"]>;

/** What is asked of a verification beside the test project itself. */
export interface VerifyInput {
  name: string;
  recordingId: string;
  runs: number;
  mutants: number;
}

/** What a run's network.json holds: what the twin was asked, and what of it the recording does not have. */
export interface NetworkReport {
  drift: Drift[];
  notes?: string[];
  requests: number;
  writes: number;
  written: number;
  served: Served[];
}
export interface Drift {
  kind: string;
  method?: string;
  url?: string;
  detail?: string;
  differences?: { path: string; recorded?: string; sent?: string }[];
}
export interface Served {
  offsetMs: number;
  method: string;
  url: string;
  /** The recorded exchange; none where the answer is not from the recording. */
  entry?: number;
  status: number;
}

/** What a fault changed in what a test saw: one entry of the files in mutants/. */
export interface FaultChange {
  test: string;
  mutant: string;
  parts: {
    what: "page" | "requests";
    /** The assertion after which it was looked at; left out for the end of the run. */
    after?: number;
    before: string;
    now: string;
  }[];
}

const enc = encodeURIComponent;

/** The endpoints of verifications. */
export const proofs = {
  /** Null while there is none: its job has not read the project yet, or could not. */
  get: async (id: string, signal?: AbortSignal): Promise<Proof | null> => {
    try {
      return await unwrap(api.GET("/api/suites/{id}/proof", { params: { path: { id } }, signal }));
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") return null;
      throw error;
    }
  },
  verify: (
    archive: File,
    input: VerifyInput,
    owner: string | undefined,
    told: (part: number) => void,
  ) => {
    const form = new FormData();
    form.append("input", JSON.stringify(input));
    if (owner) form.append("owner", owner);
    form.append("project", archive, archive.name);
    return sendForm<Schemas["IngestAccepted"]>("/api/suites/verify", form, told);
  },
  /** Reads a piece of evidence that is JSON; null while it is not there. */
  read: async <T>(jobId: string, name: string, signal?: AbortSignal): Promise<T | null> => {
    const response = await fetch(evidenceURL(jobId, name), { signal });
    if (response.ok) return (await response.json()) as T;
    if (response.status === 404) return null;
    throw new ApiError(asProblem(await response.json().catch(() => undefined), response));
  },
  trace: (jobId: string, name: string) =>
    unwrap(api.GET("/api/suites/{jobId}/trace", { params: { path: { jobId }, query: { name } } })),
};

/** Where a piece of evidence is; the latest attempt's, when several stored one of that name. */
export function evidenceURL(jobId: string, name: string, download = false): string {
  const base = apiBase || window.location.origin;
  const path = name.split("/").map(enc).join("/");
  return `${base}/api/jobs/${enc(jobId)}/artifacts/${path}${download ? "?download=true" : ""}`;
}
