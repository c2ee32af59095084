import { one } from "@/lib/search";
import type { Standing } from "@/lib/suites-api";

export const kindNames = { tests: "Tests", cases: "Test cases" } as const;
export type ListKind = keyof typeof kindNames;

/** What the list shows, as it stands in the address bar. */
export interface SuitesSearch {
  kind?: ListKind;
}

/** Reads the search; what it does not understand is left out. */
export function readSuitesSearch(raw: Record<string, unknown>): SuitesSearch {
  const kind = one(raw, "kind");
  return { kind: kind === "tests" || kind === "cases" ? kind : undefined };
}

/** The order in which standings are named and filtered by. */
export const standings = ["proposed", "edited", "accepted", "rejected"] as const;
export const caseTypes = ["positive", "negative", "edge"] as const;
export type CaseType = (typeof caseTypes)[number];
export const casesTabs = ["cases", "findings", "uncovered"] as const;
export type CasesTab = (typeof casesTabs)[number];

/** Where among a set's cases somebody is. */
export interface CasesSearch {
  tab?: CasesTab;
  case?: string;
  standing?: Standing;
  type?: CaseType;
}

export function readCasesSearch(raw: Record<string, unknown>): CasesSearch {
  return {
    tab: casesTabs.find((tab) => tab === one(raw, "tab")),
    case: one(raw, "case"),
    standing: standings.find((standing) => standing === one(raw, "standing")),
    type: caseTypes.find((type) => type === one(raw, "type")),
  };
}
