import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import { ApiError, type Job } from "@/lib/api";
import { type SuiteReview, suiteReviews } from "@/lib/suite-review-api";
import { notify, notifyError } from "@/lib/toast";
import { keys } from "./keys";
import { resultOf, useCode } from "./use-suites";

/** What became of a suite; null when it has no review. It is read again when somebody says something. */
export function useSuiteReview(job: Job) {
  useRefreshOnEvents([keys.review(job.jobId)], { jobs: [job.jobId] }, 500);
  return useReviewOf(job.jobId, job.status === "succeeded");
}

/** The same without being told of changes. */
export function useReviewOf(jobId: string, wanted = true) {
  return useQuery({
    queryKey: keys.review(jobId),
    queryFn: ({ signal }) => suiteReviews.get(jobId, signal),
    enabled: wanted,
  });
}

/** A text of a suite. It never changes. */
export function useSuiteText(jobId: string, number: number | undefined) {
  return useQuery({
    queryKey: keys.text(jobId, number ?? 0),
    queryFn: ({ signal }) => suiteReviews.text(jobId, number ?? 0, signal),
    enabled: number !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    // Who edits keeps the editor while another text comes.
    placeholderData: (before) => before,
  });
}

/** The code that counts now: as people edited it, or as it was generated. Null while it is not there. */
export function useCurrentCode(job: Job, review: SuiteReview | null | undefined) {
  const text = useSuiteText(job.jobId, review?.texts.length);
  const code = useCode(job, review === null);
  return review ? text : code;
}

/** The newest proof of the current text; of a suite without a review the one that its job began. */
export function currentProof(job: Job, review: SuiteReview | null | undefined): string | undefined {
  if (!review) return review === null ? resultOf(job).proofId : undefined;
  return proofsOf(review, review.texts.length).at(-1)?.proofId;
}

/** The proofs of a text, also of one with another number and the same words; the oldest first. */
export function proofsOf(review: SuiteReview, number: number) {
  const words = review.texts[number - 1]?.sha256;
  return review.proofs.filter(({ text }) => review.texts[text - 1]?.sha256 === words);
}

/** Says things of a suite; what went wrong is told, and the newest state is read. */
export function useSay(jobId: string) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const keep = useCallback(
    (next: SuiteReview) => {
      client.setQueryData<SuiteReview | null>(keys.review(jobId), (old) =>
        old && old.version > next.version ? old : next,
      );
    },
    [client, jobId],
  );
  const say = async (done: string, what: () => Promise<SuiteReview>): Promise<boolean> => {
    setBusy(true);
    try {
      keep(await what());
      notify(done);
      return true;
    } catch (error) {
      notifyError("Nothing was changed", told(error));
      void client.invalidateQueries({ queryKey: keys.review(jobId) });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, keep, say };
}

/** What a person is told of an error: that somebody was faster, in words that fit. */
export function told(error: unknown): unknown {
  return isStale(error)
    ? new Error("Somebody else changed the suite meanwhile. Look at what it is now, and try again.")
    : error;
}

/** Whether something was refused because the suite has moved on. */
export function isStale(error: unknown): boolean {
  return error instanceof ApiError && error.problem.status === 412;
}
