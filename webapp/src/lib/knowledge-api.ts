import { ApiError, api, apiURL, asProblem, unwrap } from "./api";
import type { components } from "./api.gen";
import type { Requirement } from "./requirement";
import { sendForm } from "./upload";

type Schemas = components["schemas"];
export type Source = Schemas["Source"];
export type SourceKind = Source["kind"];
export type KnownDocument = Schemas["KnownDocument"];
export type DocumentDetail = Schemas["DocumentDetail"];
export type DocumentVersion = Schemas["DocumentVersion"];
export type Passage = Schemas["Passage"];
export type Hit = Schemas["KnowledgeHit"];
export type Coverage = Schemas["Coverage"];
export type CitingCase = Schemas["CitingCase"];
export type DocumentTests = Schemas["DocumentTests"];
export type IngestPreview = Schemas["IngestPreview"];
export type IngestAccepted = Schemas["IngestAccepted"];

export interface KnowledgeFilter {
  project?: string;
  q: string;
  source?: string;
  type?: Requirement;
}

const path = (id: string) => ({ path: { id } });

/** What is asked of a site. */
export interface WebsiteInput {
  url: string;
  maxDepth: number;
  maxPages: number;
  render?: boolean;
  every?: string;
  profile?: string;
}

/** What is asked of Jira. */
export interface JiraInput {
  jql: string;
  comments: boolean;
  attachments: boolean;
  every?: string;
}

/** What is asked of a bucket. */
export interface BucketInput {
  url: string;
  prefix?: string;
  patterns?: string[];
  every?: string;
}

/** The ways to gather whose job is submitted with a body. */
type IngestWay = "website" | "jira" | "bucket";

/** The endpoints of knowledge. All texts in their answers are what somebody else wrote. */
export const knowledge = {
  sources: async (project: string | undefined, signal?: AbortSignal) =>
    (await unwrap(api.GET("/api/knowledge/sources", { params: { query: { project } }, signal })))
      .items,
  source: (id: string, signal?: AbortSignal) =>
    unwrap(api.GET("/api/knowledge/sources/{id}", { params: path(id), signal })),
  documents: (
    query: { project?: string; source?: string; page?: string; limit: number },
    signal?: AbortSignal,
  ) => unwrap(api.GET("/api/knowledge/documents", { params: { query }, signal })),
  search: (
    { q, project, source, type }: KnowledgeFilter,
    page: string | undefined,
    signal?: AbortSignal,
  ) =>
    unwrap(
      api.GET("/api/knowledge/search", {
        params: {
          query: { q, project, source: source ? [source] : [], type: type ? [type] : [], page },
        },
        signal,
      }),
    ),
  document: (id: string, signal?: AbortSignal) =>
    unwrap(api.GET("/api/knowledge/documents/{id}", { params: path(id), signal })),
  passages: async (id: string, signal?: AbortSignal) =>
    (await unwrap(api.GET("/api/knowledge/documents/{id}/passages", { params: path(id), signal })))
      .items,
  relations: async (id: string, signal?: AbortSignal) =>
    (await unwrap(api.GET("/api/knowledge/documents/{id}/relations", { params: path(id), signal })))
      .items,
  similar: async (id: string, signal?: AbortSignal) =>
    (await unwrap(api.GET("/api/knowledge/passages/{id}/similar", { params: path(id), signal })))
      .items,
  /** The test cases that cite a document; with older, those of superseded sets too. */
  tests: (id: string, older: boolean, signal?: AbortSignal): Promise<DocumentTests> =>
    unwrap(
      api.GET("/api/knowledge/documents/{id}/tests", {
        params: { ...path(id), query: { older } },
        signal,
      }),
    ),
  /** What test cases cover of a source, and a page of what they do not. */
  coverage: (id: string, page: string | undefined, signal?: AbortSignal) =>
    unwrap(
      api.GET("/api/knowledge/sources/{id}/coverage", {
        params: { ...path(id), query: { page, limit: 20 } },
        signal,
      }),
    ),
  removeDocument: (id: string) =>
    unwrap(api.DELETE("/api/knowledge/documents/{id}", { params: path(id) })),
  removeSource: (source: string) =>
    unwrap(api.DELETE("/api/knowledge/documents", { params: { query: { source } } })),
  website: (body: WebsiteInput & { project?: string }) =>
    unwrap(api.POST("/api/ingest/website", { body: { ...body } })),
  jira: (body: JiraInput & { project?: string }) =>
    unwrap(api.POST("/api/ingest/jira", { body: { ...body } })),
  bucket: (body: BucketInput & { project?: string }) =>
    unwrap(api.POST("/api/ingest/bucket", { body: { ...body } })),
  /** What such a job would read, as far as it can be told without reading it. */
  preview: (way: IngestWay, body: Record<string, unknown>) =>
    unwrap(api.POST(`/api/ingest/${way}/preview` as const, { body })),
  text: async (id: string, version: number, signal?: AbortSignal): Promise<string> => {
    const address = apiURL(`/api/knowledge/documents/${id}/text?version=${version}`);
    const response = await fetch(address, { signal });
    if (response.ok) return response.text();
    throw new ApiError(asProblem(await response.json().catch(() => null), response));
  },
  /** Asks again for what a source was asked for: what changed since is read. */
  again: ({ kind, input, project }: Source) =>
    kind === "documents"
      ? Promise.reject(new Error("Files are sent again, not read again."))
      : unwrap(api.POST(`/api/ingest/${kind}` as const, { body: { ...input, project } })),
  /** Ends the reading again of a source: its next job is cancelled. */
  stopRepeating: (jobId: string) =>
    unwrap(
      api.POST("/api/jobs/{jobId}/cancel", {
        params: { path: { jobId } },
        body: { reason: "the source is not read again" },
      }),
    ),
  upload,
};

/** Sends files as a form; told is how much of it is on its way, 0 to 1. */
function upload(
  files: File[],
  fields: Record<string, string>,
  told: (part: number) => void,
): Promise<IngestAccepted> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const file of files) form.append("files", file, file.webkitRelativePath || file.name);
  return sendForm("/api/ingest/documents", form, told);
}
