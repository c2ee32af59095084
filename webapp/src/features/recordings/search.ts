import type { RecordingSort } from "@/lib/recorder-api";
import type { RecordingStatus } from "@/lib/recording";
import { recordingStatuses } from "@/lib/recording-status";
import { count, one } from "@/lib/search";

export const librarySorts: Partial<Record<RecordingSort, string>> = {
  "-updatedAt": "Last changed first",
  "-createdAt": "Newest first",
  createdAt: "Oldest first",
  name: "By name",
  "-duration": "Longest first",
  "-steps": "Most steps first",
};

/** What the library shows, as it stands in the address bar. */
export interface LibrarySearch {
  project?: string;
  folder?: string;
  q?: string;
  status?: RecordingStatus;
  sort?: RecordingSort;
}

/** Reads the library's search; what it does not understand is left out. */
export function readLibrarySearch(raw: Record<string, unknown>): LibrarySearch {
  const sort = one(raw, "sort");
  const found: LibrarySearch = {
    project: one(raw, "project"),
    folder: one(raw, "folder"),
    q: one(raw, "q"),
    status: recordingStatuses.find((status) => status === one(raw, "status")),
    sort:
      sort && sort !== "-updatedAt" && sort in librarySorts ? (sort as RecordingSort) : undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, v]) => v !== undefined));
}

export const recordingTabs = [
  "steps",
  "network",
  "console",
  "variables",
  "versions",
  "artifacts",
  "tests",
] as const;
export type RecordingTab = (typeof recordingTabs)[number];

/** Where on a recording's page somebody is. */
export interface RecordingSearch {
  tab?: RecordingTab;
  step?: string;
  /** Version that is looked at; without it the latest, which can be edited. */
  v?: number;
  /** Place on the film, in milliseconds. */
  t?: number;
  /** Entry of the network record that is open. */
  entry?: number;
  find?: string;
}

export function readRecordingSearch(raw: Record<string, unknown>): RecordingSearch {
  return {
    tab: recordingTabs.find((tab) => tab === one(raw, "tab")),
    step: one(raw, "step"),
    v: count(raw, "v"),
    t: count(raw, "t"),
    entry: count(raw, "entry"),
    find: one(raw, "find"),
  };
}
