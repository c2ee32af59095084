import { ApiError, api, apiBase, apiURL, asProblem, unwrap } from "./api";
import type { Edit, Recording, RecordingPage, RecordingStatus, SessionInput } from "./recording";

/** What a list of recordings may be asked for. */
export interface RecordingQuery {
  project?: string;
  folder?: string;
  q?: string;
  status?: RecordingStatus[];
  sort?: RecordingSort;
  page?: string;
  limit?: number;
}
type SortKey = "createdAt" | "updatedAt" | "name" | "steps" | "duration";
export type RecordingSort = SortKey | `-${SortKey}`;

const path = (jobId: string) => ({ path: { jobId } });

/** The recorder's and the recordings' endpoints. */
export const recorder = {
  start: (body: SessionInput, key: string) =>
    unwrap(
      api.POST("/api/recorder/sessions", {
        body: { ...body },
        params: { header: { "Idempotency-Key": key } },
      }),
    ),
  stop: (id: string) =>
    unwrap(api.POST("/api/recorder/sessions/{jobId}/stop", { params: path(id), body: {} })),
  cancel: (id: string) =>
    unwrap(api.POST("/api/recorder/sessions/{jobId}/cancel", { params: path(id), body: {} })),
  devices: async (signal?: AbortSignal) =>
    (await unwrap(api.GET("/api/recorder/devices", { signal }))).items,
  profiles: async (project: string | undefined, signal?: AbortSignal) =>
    (await unwrap(api.GET("/api/recorder/profiles", { params: { query: { project } }, signal })))
      .items,
  list: (query: RecordingQuery, signal?: AbortSignal): Promise<RecordingPage> =>
    unwrap(api.GET("/api/recordings", { params: { query }, signal })),
  get: (id: string, version?: number, signal?: AbortSignal) =>
    unwrap(
      api.GET("/api/recordings/{jobId}", { params: { ...path(id), query: { version } }, signal }),
    ) as Promise<Recording>,
  edit: (id: string, edits: Edit[], version: number) =>
    unwrap(
      api.POST("/api/recordings/{jobId}/edit", {
        params: { ...path(id), header: { "If-Match": `"${version}"` } },
        // A step is open in the contract: every member that we know passes.
        body: { edits: edits as object[] as { op: Edit["op"] }[] },
      }),
    ) as Promise<Recording>,
  versions: async (id: string, signal?: AbortSignal) =>
    (await unwrap(api.GET("/api/recordings/{jobId}/versions", { params: path(id), signal }))).items,
  import: (content: Record<string, never>, where: { project?: string; folder?: string }) =>
    unwrap(api.POST("/api/recordings/import", { body: { content, ...where } })),
  trace: (id: string) => unwrap(api.GET("/api/recordings/{jobId}/trace", { params: path(id) })),
};

const enc = encodeURIComponent;

/** Where a recording's artefact is. */
export function artifactURL(id: string, name: string): string {
  return `${apiBase}/api/recorder/${enc(id)}/artifacts/${name.split("/").map(enc).join("/")}`;
}

/** An address that the server gave, which may be relative to it. */
export function absolute(url: string): string {
  return /^https?:/.test(url) ? url : apiBase + url;
}

/** The recording as a file: its own format, or that of Chrome's recorder. */
export function exportURL(id: string, format: "document" | "chrome", version?: number): string {
  const query = version === undefined ? "" : `?version=${version}`;
  return `${apiBase}/api/recordings/${enc(id)}/${format}${query}`;
}

/** The socket of a session's live canvas. */
export function stageURL(id: string): string {
  return apiURL(`/api/recorder/sessions/${enc(id)}/ws`).replace(/^http/, "ws");
}

/** Why a session's canvas cannot be joined, asked for without a socket, which could not say it. */
export async function whyNoStage(id: string, signal?: AbortSignal): Promise<string | null> {
  const response = await globalThis.fetch(apiURL(`/api/recorder/sessions/${enc(id)}/ws`), {
    signal,
  });
  // It would be upgraded: nothing is in the way.
  if (response.status === 426 || response.ok) return null;
  const problem = asProblem(await response.json().catch(() => undefined), response);
  return problem.detail ?? problem.title;
}

/** The text of an artefact; null when the recording has none of that name. */
export async function artifactText(
  id: string,
  name: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const url = new URL(artifactURL(id, name), window.location.href);
  const response = await globalThis.fetch(url, { signal });
  if (response.ok) return response.text();
  if (response.status === 404) return null;
  throw new ApiError(asProblem(await response.json().catch(() => undefined), response));
}
