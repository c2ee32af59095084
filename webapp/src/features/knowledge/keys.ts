/** The keys of what is known in the query cache; no other feature asks for it. */
export const keys = {
  /** Of everything that is known: what is ingested changes all of it. */
  all: ["knowledge"] as const,
  sources: (project?: string) => ["knowledge", "sources", project ?? ""] as const,
  source: (id: string) => ["knowledge", "source", id] as const,
  documents: (project?: string, source?: string) =>
    ["knowledge", "documents", project ?? "", source ?? ""] as const,
  hits: (search: unknown) => ["knowledge", "hits", search] as const,
  document: (id: string) => ["knowledge", "document", id] as const,
  passages: (id: string) => ["knowledge", "document", id, "passages"] as const,
  relations: (id: string) => ["knowledge", "document", id, "relations"] as const,
  tests: (id: string, older?: boolean) =>
    older === undefined
      ? (["knowledge", "document", id, "tests"] as const)
      : (["knowledge", "document", id, "tests", older] as const),
  coverage: (source: string) => ["knowledge", "coverage", source] as const,
  textChange: (id: string, from: number, to: number) =>
    ["knowledge", "document", id, "change", from, to] as const,
  similar: (passage: string) => ["knowledge", "similar", passage] as const,
};
