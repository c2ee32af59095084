import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { FileWarning } from "lucide-react";
import { useState } from "react";
import { DiffView } from "@/components/diff-view";
import { Button } from "@/components/ui/button";
import { useIdempotencyKey } from "@/lib/idempotency";
import { plain } from "@/lib/plain";
import { type StaleItem, type TestCases, testCases } from "@/lib/suites-api";
import { integer } from "@/lib/time";
import { notify, notifyError } from "@/lib/toast";
import { keys } from "./keys";

/** Makes cases anew in a new set, and goes there; without any, all that are stale. */
function useRegenerate(jobId: string) {
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const keyOf = useIdempotencyKey();
  const run = async (cases: string[]) => {
    setBusy(true);
    try {
      const made = await testCases.regenerate(jobId, cases, keyOf({ jobId, cases }));
      notify("A new set is being made", "What people said of the other cases stays.");
      await navigate({ to: "/suites/cases/$setId", params: { setId: made.jobId } });
    } catch (error) {
      notifyError("Nothing was made anew", error);
    } finally {
      setBusy(false);
    }
  };
  return { busy, run };
}

/** Says above a set that documents have changed since, or that a newer set has taken its place. */
export function StaleBanner({ set }: { set: TestCases }) {
  const { jobId, stale = [], supersededBy } = set;
  const { busy, run } = useRegenerate(jobId);
  const n = stale.length;
  return (
    <div
      role="status"
      className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-2 border-t border-line bg-well px-4 py-2 text-sm md:px-6"
    >
      <FileWarning aria-hidden="true" className="size-4 shrink-0 text-(--state-retrying)" />
      {supersededBy ? (
        <p className="min-w-0 flex-1">
          The recording has a{" "}
          <Link
            to="/suites/cases/$setId"
            params={{ setId: supersededBy }}
            className="underline underline-offset-2"
          >
            newer set of cases
          </Link>
          . This one covers nothing any more.
        </p>
      ) : (
        <>
          <p className="min-w-0">
            {n === 1 ? "1 case is stale" : `${integer(n)} cases are stale`}: documents have changed
            since.
          </p>
          <Button size="sm" disabled={busy} onClick={() => void run([])}>
            {n === 1 ? "Regenerate it" : `Regenerate all ${n}`}
          </Button>
        </>
      )}
    </div>
  );
}

/** What changed of what a case cites. */
export default function StaleNote({ set, caseId }: { set: TestCases; caseId: string }) {
  const { jobId, supersededBy } = set;
  const { busy, run } = useRegenerate(jobId);
  const { data = [], isPending } = useQuery({
    queryKey: keys.stale(jobId),
    queryFn: ({ signal }) => testCases.stale(jobId, signal),
  });
  const own = data.filter((each) => each.caseId === caseId);
  return (
    <section
      aria-labelledby="stale"
      className="flex flex-col gap-3 rounded-md border border-(--state-retrying) bg-panel p-3"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h3 id="stale" className="inline-flex items-center gap-1.5 text-sm font-semibold">
          <FileWarning aria-hidden="true" className="size-4 text-(--state-retrying)" /> Stale: what
          it cites has changed
        </h3>
        {!supersededBy && (
          <Button size="sm" disabled={busy} onClick={() => void run([caseId])}>
            Regenerate this case
          </Button>
        )}
      </div>
      {isPending && <p className="text-sm text-ink-3">Looking at what changed…</p>}
      {own.map((each) => (
        <Change key={each.citation.passageId} item={each} />
      ))}
    </section>
  );
}

function Change({ item: { citation, reason, now } }: { item: StaleItem }) {
  const { documentId = "", title, quote } = citation;
  return (
    <div className="flex min-w-0 flex-col gap-1 text-sm">
      <p className="text-ink-2">
        <Link
          to="/knowledge/$documentId"
          params={{ documentId }}
          search={{ passage: now?.passageId }}
          className="underline decoration-line-strong underline-offset-2"
        >
          {title || "The document"}
        </Link>{" "}
        {reason === "removed"
          ? "was removed. It said:"
          : now
            ? "says something else now:"
            : "does not say this any more:"}
      </p>
      {now ? (
        <div className="overflow-hidden rounded-md border border-line py-1">
          <DiffView before={plain(quote)} after={plain(now.text)} />
        </div>
      ) : (
        <blockquote className="border-l-2 border-line pl-2.5 text-xs break-words text-ink-2 line-through">
          {plain(quote)}
        </blockquote>
      )}
    </div>
  );
}
