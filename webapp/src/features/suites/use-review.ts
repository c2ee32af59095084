import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { ApiError } from "@/lib/api";
import { recall, remember } from "@/lib/storage";
import {
  type CaseEdit,
  type ReviewedCase,
  type TestCases,
  testCases,
  type Word,
} from "@/lib/suites-api";
import { notify, notifyError } from "@/lib/toast";
import { keys } from "./keys";
import { contentOf } from "./words";

/** Somebody else changed the very case, so that what was asked for was not of what stands there now. */
export class CaseChanged extends Error {
  constructor() {
    super("Somebody else changed this case meanwhile. Look at what it is now, and try again.");
    this.name = "CaseChanged";
  }
}

/** Who reviews; kept in this browser, because the server knows no accounts. */
export function useReviewer(): [string, (name: string) => void] {
  const [name, setName] = useState(() => recall("reviewer") ?? "");
  const keep = useCallback((next: string) => {
    setName(next);
    remember("reviewer", next);
  }, []);
  return [name, keep];
}

type Send = (version: number) => Promise<TestCases>;

/**
 * What can be said of a set's cases. The version is that of the whole set: when only other cases have
 * changed since, what was said is said again of the newest version, and nobody has to know.
 */
export function useReview(jobId: string) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);

  const send = useCallback(
    async (seen: ReviewedCase, what: Send): Promise<TestCases> => {
      setBusy(true);
      try {
        const have = client.getQueryData<TestCases | null>(keys.cases(jobId));
        const next = await what(have?.version ?? 0).catch(async (error) => {
          if (!(error instanceof ApiError) || error.problem.status !== 412) throw error;
          const fresh = await testCases.get(jobId);
          client.setQueryData(keys.cases(jobId), fresh);
          const now = fresh?.cases.find(({ caseId }) => caseId === seen.caseId);
          if (!fresh || !now || !same(seen, now)) throw new CaseChanged();
          return what(fresh.version);
        });
        // What is shown may be newer already: somebody else was faster than this answer.
        client.setQueryData<TestCases | null>(keys.cases(jobId), (old) =>
          old && old.version > next.version ? old : next,
        );
        return next;
      } finally {
        setBusy(false);
      }
    },
    [client, jobId],
  );

  const said = useCallback(
    async (seen: ReviewedCase, what: Send, done: string, undo?: () => void) => {
      try {
        await send(seen, what);
        notify(done, seen.title, undo && { label: "Undo", run: undo });
        return true;
      } catch (error) {
        notifyError("Nothing was changed", error);
        return false;
      }
    },
    [send],
  );

  const latest = (caseId: string) =>
    client
      .getQueryData<TestCases | null>(keys.cases(jobId))
      ?.cases.find((each) => each.caseId === caseId);

  /** Undo says the opposite, where there is one: nothing brings back "proposed". */
  const accept = (seen: ReviewedCase, by: string): Promise<boolean> => {
    const back = seen.standing === "rejected" ? lastReason(seen) : undefined;
    const undo = () => {
      const now = latest(seen.caseId);
      if (now) void reject(now, { by, reason: back });
    };
    return said(
      seen,
      (version) => testCases.accept(jobId, seen.caseId, version, { by }),
      "Accepted",
      back ? undo : undefined,
    );
  };
  const reject = (seen: ReviewedCase, word: Word): Promise<boolean> => {
    const undo = () => {
      const now = latest(seen.caseId);
      if (now) void accept(now, word.by);
    };
    return said(
      seen,
      (version) => testCases.reject(jobId, seen.caseId, version, word),
      "Rejected",
      seen.standing === "accepted" ? undo : undefined,
    );
  };
  /** Fails with what went wrong: the form says it beside what was written. */
  const edit = async (seen: ReviewedCase, body: CaseEdit): Promise<void> => {
    await send(seen, (version) => testCases.edit(jobId, seen.caseId, version, body));
    notify("The case was changed", seen.title, {
      label: "Undo",
      run: () => {
        const now = latest(seen.caseId);
        const { by } = body;
        if (now) void bringBack(now, seen, { by, reason: "An edit was undone" });
      },
    });
  };
  /** Gives a case the content that a version of it had. */
  const bringBack = (
    seen: ReviewedCase,
    from: Parameters<typeof contentOf>[0],
    word: Word,
  ): Promise<boolean> =>
    said(
      seen,
      (version) => testCases.edit(jobId, seen.caseId, version, { ...contentOf(from), ...word }),
      "The case is as it was before",
    );
  return { busy, accept, reject, edit, bringBack };
}

export type Review = ReturnType<typeof useReview>;

/** Whether a case is still what somebody saw; that it was handed out meanwhile changes nothing. */
function same(seen: ReviewedCase, now: ReviewedCase): boolean {
  const { history: _seen, ...a } = seen;
  const { history: _now, ...b } = now;
  return JSON.stringify(a) === JSON.stringify(b);
}

function lastReason({ history = [] }: ReviewedCase): string | undefined {
  return history.findLast(({ what }) => what === "rejected")?.reason;
}
