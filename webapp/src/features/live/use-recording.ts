import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { ApiError, api, type Job, type TapeEvent, unwrap } from "@/lib/api";
import { recorder } from "@/lib/recorder-api";
import type { Recording } from "@/lib/recording";
import { applyEvents, isRecordingEvent } from "@/lib/recording-fold";
import { isStateEvent } from "@/lib/tape";
import type { Batch, Gone } from "./connection";
import { useLive } from "./context";
import { noteGone } from "./gone";
import { keys } from "./keys";

/**
 * One recording and the job that makes it, kept current. The end of the job's log is read first: its
 * cursor is where the stream joins. A recording that has no event yet is null, one that was imported
 * has no job.
 */
export function useRecording(id: string) {
  const client = useQueryClient();
  const join = useQuery({
    queryKey: [...keys.recording(id), "join"],
    queryFn: ({ signal }) => cursorOf(id, signal),
    gcTime: 0,
  });
  const job = useQuery({
    queryKey: [...keys.recording(id), "job"],
    queryFn: ({ signal }) =>
      orNull(unwrap(api.GET("/api/jobs/{jobId}", { params: { path: { jobId: id } }, signal }))),
    enabled: join.isSuccess,
    gcTime: 0,
  });
  const recording = useQuery({
    queryKey: [...keys.recording(id), "state"],
    queryFn: ({ signal }) => orNull(recorder.get(id, undefined, signal)),
    enabled: join.isSuccess,
    gcTime: 0,
    structuralSharing: false,
  });

  useLive({
    filter: { jobs: [id] },
    mode: "all",
    from: join.data?.cursor,
    onBatch: (batch: Batch) => applyBatch(client, id, batch.events),
    onGone: (gone: Gone) => {
      noteGone(gone);
      void client.resetQueries({ queryKey: keys.recording(id) });
    },
  });

  const retry = useCallback(
    () => void client.resetQueries({ queryKey: keys.recording(id) }),
    [client, id],
  );
  const put = useCallback(
    (next: Recording) =>
      client.setQueryData<Recording | null>([...keys.recording(id), "state"], (have) =>
        have && have.version >= next.version ? have : next,
      ),
    [client, id],
  );
  return {
    job: job.data,
    recording: recording.data,
    error: join.error ?? job.error ?? recording.error,
    retry,
    put,
  };
}

/** Null stands for what does not exist: an answer, not a failure. */
async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_found") return null;
    throw error;
  }
}

async function cursorOf(id: string, signal: AbortSignal): Promise<{ cursor: string | undefined }> {
  const end = await orNull(
    unwrap(
      api.GET("/api/jobs/{jobId}/log", {
        params: { path: { jobId: id }, query: { tail: 0 } },
        signal,
      }),
    ),
  );
  if (end) return { cursor: end.cursor };
  const page = await unwrap(api.GET("/api/jobs", { params: { query: { limit: 1 } }, signal }));
  return { cursor: page.cursor };
}

function applyBatch(client: ReturnType<typeof useQueryClient>, id: string, batch: TapeEvent[]) {
  const job = client.getQueryData<Job | null>([...keys.recording(id), "job"]);
  if (batch.some((event) => isStateEvent(event) && event.sequence > (job?.version ?? 0))) {
    void client.invalidateQueries({ queryKey: [...keys.recording(id), "job"] });
  }
  const events = batch.filter(isRecordingEvent);
  if (events.length === 0) return;
  const key = [...keys.recording(id), "state"];
  const have = client.getQueryData<Recording | null>(key);
  if (have === undefined) return;
  const { recording, reload } = have
    ? applyEvents(have, events)
    : { recording: null, reload: true };
  if (recording !== have) client.setQueryData(key, recording);
  if (reload) void client.invalidateQueries({ queryKey: key, exact: true });
  void client.invalidateQueries({ queryKey: keys.recordingVersions(id) });
}
