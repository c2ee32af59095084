import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { keys } from "@/features/live/keys";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import { ApiError } from "@/lib/api";
import { recorder } from "@/lib/recorder-api";
import type { Edit, RecordingItem } from "@/lib/recording";
import { notify, notifyError } from "@/lib/toast";
import { foldersOf } from "./folders";
import type { LibrarySearch } from "./search";

const PAGE_SIZE = 60;
const REFRESH_MS = 2000;

/** The recordings of a search, read again while recordings are made and changed. */
export function useLibrary(search: LibrarySearch) {
  const { q, project, folder, status, sort } = search;
  const query = useInfiniteQuery({
    queryKey: keys.recordingList(search),
    queryFn: ({ pageParam, signal }) =>
      recorder.list(
        {
          ...{ project, folder, q, status: status && [status] },
          ...{ sort: sort ?? "-updatedAt", page: pageParam || undefined, limit: PAGE_SIZE },
        },
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextPage,
  });
  useRefreshOnEvents(
    [keys.recordings],
    { kinds: ["recorder.record"], ...(project ? { project } : {}) },
    REFRESH_MS,
  );
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return { query, items, folders: foldersOf(items, query.data?.pages[0]?.folders) };
}

/** Edits a recording of the list, and offers to take it back. */
export function useItemEdit() {
  const client = useQueryClient();
  const send = useCallback(
    async (item: RecordingItem, edit: Edit) => {
      try {
        return await recorder.edit(item.recordingId, [edit], item.version);
      } catch (error) {
        if (!(error instanceof ApiError) || error.problem.status !== 412) throw error;
        // It was changed meanwhile: what is asked for here touches nothing else of it.
        const { version } = await recorder.get(item.recordingId);
        return await recorder.edit(item.recordingId, [edit], version);
      } finally {
        void client.invalidateQueries({ queryKey: keys.recordings });
      }
    },
    [client],
  );
  return useCallback(
    async (item: RecordingItem, edit: Edit, back: Edit, done: string) => {
      try {
        const { version } = await send(item, edit);
        notify(done, undefined, {
          label: "Undo",
          run: () =>
            void send({ ...item, version }, back).catch((error) =>
              notifyError("It was not undone", error),
            ),
        });
        return true;
      } catch (error) {
        notifyError("Nothing was changed", error);
        return false;
      }
    },
    [send],
  );
}
