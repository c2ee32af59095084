import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { Batch, Gone } from "@/features/live/connection";
import { useLive } from "@/features/live/context";
import { noteGone } from "@/features/live/gone";
import { keys } from "@/features/live/keys";
import { appendLines, type LogHead } from "@/features/log/pages";
import { api, type Job, type TapeEvent, unwrap } from "@/lib/api";
import type { Proof } from "@/lib/proof-api";
import { applyProofEvents, isProofEvent } from "@/lib/proof-fold";
import { isStateEvent } from "@/lib/tape";

/**
 * One job, kept current. The end of its log is read first: its cursor is where the stream joins.
 * Everything else is read after it, so that whatever happened in between arrives a second time and
 * is recognised by its sequence.
 */
export function useJob(jobId: string) {
  const client = useQueryClient();
  const join = useQuery({
    queryKey: keys.join(jobId),
    queryFn: async ({ signal }) => {
      const end = await unwrap(
        api.GET("/api/jobs/{jobId}/log", {
          params: { path: { jobId }, query: { tail: 0 } },
          signal,
        }),
      );
      client.setQueryData<LogHead>(keys.logHead(jobId, end.attempt), {
        total: end.total,
        truncated: end.truncated ?? false,
      });
      return { attempt: end.attempt, cursor: end.cursor };
    },
    gcTime: 0,
  });
  const joined = join.isSuccess;

  const job = useQuery({
    queryKey: keys.job(jobId),
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/jobs/{jobId}", { params: { path: { jobId } }, signal })),
    enabled: joined,
    gcTime: 0,
  });
  const events = useQuery({
    queryKey: keys.events(jobId),
    queryFn: ({ signal }) => allEvents(jobId, signal),
    enabled: joined,
    gcTime: 0,
    structuralSharing: false,
  });

  useLive({
    filter: { jobs: [jobId] },
    mode: "all",
    from: join.data?.cursor,
    onBatch: (batch: Batch) => applyBatch(client, jobId, batch.events),
    onGone: (gone: Gone) => {
      noteGone(gone);
      void client.resetQueries({ queryKey: keys.job(jobId) });
    },
  });

  const retry = useCallback(
    () => void client.resetQueries({ queryKey: keys.job(jobId) }),
    [client, jobId],
  );
  return {
    job: job.data,
    events: events.data,
    joinedAttempt: join.data?.attempt,
    error: join.error ?? job.error ?? events.error,
    retry,
  };
}

async function allEvents(jobId: string, signal: AbortSignal): Promise<TapeEvent[]> {
  const events: TapeEvent[] = [];
  let from: string | undefined;
  for (;;) {
    const page = await unwrap(
      api.GET("/api/jobs/{jobId}/events", {
        params: { path: { jobId }, query: { limit: 1000, from } },
        signal,
      }),
    );
    events.push(...page.items);
    if (page.caughtUp || page.items.length === 0) return events;
    from = page.cursor;
  }
}

type Client = ReturnType<typeof useQueryClient>;

function applyBatch(client: Client, jobId: string, batch: TapeEvent[]) {
  const state: TapeEvent[] = [];
  const proof: TapeEvent[] = [];
  let artifacts = false;
  for (const event of batch) {
    if (event.type === "job.logged") appendLines(client, jobId, event);
    else if (event.type === "job.progressed") applyProgress(client, jobId, event);
    else if (event.type === "job.artifact_stored") artifacts = true;
    else if (isProofEvent(event)) proof.push(event);
    else if (isStateEvent(event)) {
      // In the batch's order: the new attempt's lines may follow in the same batch.
      if (event.type === "job.started") startLog(client, jobId, event);
      state.push(event);
    }
  }
  if (artifacts) void client.invalidateQueries({ queryKey: keys.artifacts(jobId) });
  if (proof.length > 0) applyProof(client, jobId, proof);
  if (state.length > 0) applyState(client, jobId, state);
}

// What comes while the proof is being read is only noted: the reader asks again until it has it.
function applyProof(client: Client, jobId: string, fresh: TapeEvent[]) {
  client.setQueryData<number>(keys.proofSeen(jobId), fresh.at(-1)?.sequence ?? 0);
  const key = keys.proof(jobId);
  const have = client.getQueryData<Proof | null>(key);
  if (have === undefined) return;
  const { proof, reload } = have ? applyProofEvents(have, fresh) : { proof: null, reload: true };
  if (proof !== have) client.setQueryData(key, proof);
  if (reload) void client.invalidateQueries({ queryKey: key, exact: true });
}

// Nothing late may reopen an attempt: progress counts for the attempt that is under way only.
function applyProgress(client: Client, jobId: string, event: TapeEvent) {
  client.setQueryData<Job>(keys.job(jobId), (job) =>
    job && job.attempt === event.attempt && (job.status === "running" || job.status === "stopping")
      ? { ...job, progress: event.data as Job["progress"] }
      : job,
  );
}

function applyState(client: Client, jobId: string, fresh: TapeEvent[]) {
  const loaded = client.getQueryData<TapeEvent[]>(keys.events(jobId));
  if (loaded) {
    const last = loaded.at(-1)?.sequence ?? 0;
    const next = fresh.filter((event) => event.sequence > last);
    if (next[0]?.sequence === last + 1) {
      client.setQueryData(keys.events(jobId), loaded.concat(next));
    } else if (next.length > 0) {
      void client.invalidateQueries({ queryKey: keys.events(jobId), exact: true });
    }
  }
  const job = client.getQueryData<Job>(keys.job(jobId));
  if (job && (fresh.at(-1)?.sequence ?? 0) > job.version) {
    void client.invalidateQueries({ queryKey: keys.job(jobId), exact: true });
  }
}

/** An attempt that starts while the page looks on has an empty log that it follows from its start. */
function startLog(client: Client, jobId: string, event: TapeEvent) {
  const attempt = Number((event.data as { attempt?: number }).attempt ?? event.attempt ?? 0);
  client.setQueryData<LogHead>(
    keys.logHead(jobId, attempt),
    (head) => head ?? { total: 0, truncated: false },
  );
}
