/** The keys of suites and test cases in the query cache. */
export const keys = {
  lists: ["suites", "list"] as const,
  list: (query: unknown) => ["suites", "list", query] as const,
  /** A job with its input and result, as of a version of it. */
  job: (id: string, version?: number) =>
    version === undefined ? (["suites", "job", id] as const) : ["suites", "job", id, version],
  proof: (id: string) => ["suites", "proof", id] as const,
  code: (id: string, name: string) => ["suites", "code", id, name] as const,
  reviews: ["suites", "review"] as const,
  review: (id: string) => ["suites", "review", id] as const,
  text: (id: string, number: number) => ["suites", "text", id, number] as const,
  sets: ["suites", "cases"] as const,
  cases: (id: string) => ["suites", "cases", id] as const,
  stale: (id: string) => ["suites", "cases", id, "stale"] as const,
  trace: (id: string, caseId: string) => ["suites", "cases", id, "trace", caseId] as const,
  names: (project?: string) => ["suites", "names", project ?? ""] as const,
  name: (id: string) => ["suites", "name", id] as const,
  sources: (project?: string) => ["suites", "sources", project ?? ""] as const,
};
