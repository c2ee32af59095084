import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { isFinal } from "@/components/status";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import type { Job } from "@/lib/api";
import { knowledge } from "@/lib/knowledge-api";
import { proofs } from "@/lib/proof-api";
import { recorder } from "@/lib/recorder-api";
import {
  casesKind,
  type ListQuery,
  type SuiteInput,
  type SuiteResult,
  suiteKind,
  suites,
  testCases,
} from "@/lib/suites-api";
import { keys } from "./keys";

const REFRESH_MS = 1500;
/** Each row reads its own result: a page is no longer than what a screen shows. */
const PAGE_SIZE = 20;
/** The most that the list of recordings gives at once. */
const MOST_NAMES = 100;

/** Generated suites and sets of cases, the newest first, read again while any is made. */
export function useSuiteList(query: ListQuery) {
  const { project } = query;
  useRefreshOnEvents(
    [keys.lists, keys.sets, keys.reviews],
    { kinds: [suiteKind, casesKind], ...(project ? { project } : {}) },
    REFRESH_MS,
  );
  return useInfiniteQuery({
    queryKey: keys.list(query),
    queryFn: ({ pageParam, signal }) =>
      suites.list({ ...query, page: pageParam || undefined, limit: PAGE_SIZE }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextPage,
  });
}

/** What a listed job was asked for and what came of it, read once for each of its versions. */
export function useListedJob({ jobId, version }: Job) {
  return useQuery({
    queryKey: keys.job(jobId, version),
    queryFn: ({ signal }) => suites.job(jobId, signal),
    placeholderData: (before) => before,
  });
}

/** One job with its input and result, read again when something happens to it. */
export function useSuiteJob(jobId: string) {
  useRefreshOnEvents([keys.job(jobId)], { jobs: [jobId] }, 500);
  return useQuery({
    queryKey: keys.job(jobId),
    queryFn: ({ signal }) => suites.job(jobId, signal),
  });
}

export const inputOf = (job: Job) => (job.input ?? {}) as Partial<SuiteInput>;
export const resultOf = (job: Job) => (job.result ?? {}) as Partial<SuiteResult>;

/** A verification's proof; null before its job has read the project. */
export function useProofOf(proofId: string) {
  return useQuery({
    queryKey: keys.proof(proofId),
    queryFn: ({ signal }) => proofs.get(proofId, signal),
    structuralSharing: false,
  });
}

/** Reads a proof again while its job works on it. */
export function useProofRefresh(proofId: string) {
  useRefreshOnEvents([keys.proof(proofId)], { jobs: [proofId] }, REFRESH_MS);
}

export function useCases(jobId: string) {
  return useQuery({
    queryKey: keys.cases(jobId),
    queryFn: ({ signal }) => testCases.get(jobId, signal),
  });
}

/** The code of a test as it was generated; null while it is not there. */
export function useCode(job: Job, wanted = true) {
  const { spec } = resultOf(job);
  return useQuery({
    queryKey: keys.code(job.jobId, spec ?? ""),
    queryFn: ({ signal }) => suites.text(job.jobId, spec ?? "", signal),
    enabled: wanted && spec !== undefined && isFinal(job.status),
  });
}

/** The newest recordings, to choose from and to name. */
export function useRecordings(project: string | undefined) {
  return useQuery({
    queryKey: keys.names(project),
    queryFn: ({ signal }) =>
      recorder.list({ project, sort: "-updatedAt", limit: MOST_NAMES }, signal),
    gcTime: 0,
  });
}

/** A recording's name; undefined while it is not known, "" when there is no such recording. */
export function useRecordingName(
  id: string | undefined,
  project: string | undefined,
): string | undefined {
  const list = useRecordings(project);
  const found = list.data?.items.find(({ recordingId }) => recordingId === id);
  const own = useQuery({
    queryKey: keys.name(id ?? ""),
    queryFn: ({ signal }) =>
      recorder.get(id ?? "", undefined, signal).then(
        ({ name }) => name || "Unnamed",
        () => "",
      ),
    enabled: id !== undefined && list.isFetched && !found,
  });
  return found ? found.name || "Unnamed" : own.data;
}

/** What documents are read from. */
export function useSourceList(project: string | undefined) {
  return useQuery({
    queryKey: keys.sources(project),
    queryFn: ({ signal }) => knowledge.sources(project, signal),
    gcTime: 0,
  });
}
