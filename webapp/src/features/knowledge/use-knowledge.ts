import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import { knowledge } from "@/lib/knowledge-api";
import { notify, notifyError } from "@/lib/toast";
import { keys } from "./keys";
import type { KnowledgeSearch } from "./search";

const REFRESH_MS = 1500;
const PAGE_SIZE = 50;

/** The sources, read again while anything is ingested. */
export function useSources(project: string | undefined) {
  useRefreshOnEvents(
    [keys.all],
    { kinds: ["knowledge", "ingest.*"], ...(project ? { project } : {}) },
    REFRESH_MS,
  );
  return useQuery({
    queryKey: keys.sources(project),
    queryFn: ({ signal }) => knowledge.sources(project, signal),
  });
}

export function useDocuments({ project, source }: KnowledgeSearch, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: keys.documents(project, source),
    queryFn: ({ pageParam, signal }) =>
      knowledge.documents(
        { project, source, page: pageParam || undefined, limit: PAGE_SIZE },
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextPage,
    enabled,
  });
}

export function useHits({ q = "", project, source, type }: KnowledgeSearch) {
  return useInfiniteQuery({
    queryKey: keys.hits({ q, project, source, type }),
    queryFn: ({ pageParam, signal }) =>
      knowledge.search({ q, project, source, type }, pageParam || undefined, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextPage,
    enabled: q !== "",
    placeholderData: (before) => before,
  });
}

/** Does something to what is known, says so, and reads it again. */
export function useKnowledgeAction() {
  const client = useQueryClient();
  return useCallback(
    async (what: () => Promise<unknown>, done: string, failed: string): Promise<boolean> => {
      try {
        await what();
        notify(done);
        return true;
      } catch (error) {
        notifyError(failed, error);
        return false;
      } finally {
        void client.invalidateQueries({ queryKey: keys.all });
      }
    },
    [client],
  );
}
