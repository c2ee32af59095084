import { type Requirement, requirementNames } from "@/lib/requirement";
import { one } from "@/lib/search";

/** What the page of knowledge shows, as it stands in the address bar. */
export interface KnowledgeSearch {
  project?: string;
  q?: string;
  source?: string;
  type?: Requirement;
}

/** Reads the search; what it does not understand is left out. */
export function readKnowledgeSearch(raw: Record<string, unknown>): KnowledgeSearch {
  const type = one(raw, "type");
  return {
    project: one(raw, "project"),
    q: one(raw, "q"),
    source: one(raw, "source"),
    type: type && type in requirementNames ? (type as Requirement) : undefined,
  };
}

/** Where in a document somebody is. */
export interface DocumentSearch {
  passage?: string;
}

export function readDocumentSearch(raw: Record<string, unknown>): DocumentSearch {
  return { passage: one(raw, "passage") };
}
