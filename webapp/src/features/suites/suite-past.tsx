import { Link } from "@tanstack/react-router";
import { Ago } from "@/components/time";
import type { SuiteEntry, SuiteProof, SuiteReview } from "@/lib/suite-review-api";
import { ProofBadge } from "./proof-badge";

/** Proofs whose figures are read; of older ones how they ended is enough. */
const IN_FULL = 5;

/** Every proof of the suite's texts, the newest first. */
export function ProofHistory({ review }: { review: SuiteReview }) {
  const proofs = review.proofs.toReversed();
  if (proofs.length === 0) return null;
  return (
    <aside aria-label="Proofs" className="min-w-0 text-sm">
      <h2 className="mb-1.5 text-xs font-semibold text-ink-3">Proofs of this suite</h2>
      <ol className="flex flex-col gap-2">
        {proofs.map((proof, i) => (
          <li key={proof.proofId} className="flex flex-col gap-0.5 px-2">
            {i < IN_FULL ? <ProofBadge proofId={proof.proofId} /> : <Ended proof={proof} />}
            <span className="text-ink-3">
              Text {proof.text}, <Ago time={proof.at} />, by {proof.by}
            </span>
          </li>
        ))}
      </ol>
    </aside>
  );
}

function Ended({ proof }: { proof: SuiteProof }) {
  return (
    <Link
      to="/jobs/$jobId"
      params={{ jobId: proof.proofId }}
      className="font-medium hover:underline"
    >
      {proof.status === "proven" || proof.status === "failed"
        ? `Proven ${proof.proven} of ${proof.tests}`
        : `Proof ${proof.status}`}
    </Link>
  );
}

/** Who said what of the suite and why, and where it was handed out to, the newest first. */
export function ReviewHistory({ review }: { review: SuiteReview }) {
  const entries = review.history.filter(({ what }) => what !== "proof_begun").toReversed();
  return (
    <aside aria-label="Review" className="min-w-0 text-sm">
      <h2 className="mb-1.5 text-xs font-semibold text-ink-3">What was said of it</h2>
      <ol className="flex flex-col gap-2">
        {entries.map((entry) => (
          <li key={`${entry.at} ${entry.what}`} className="flex flex-col gap-0.5 px-2">
            <span className="wrap-anywhere">
              <span className="font-medium">{said(entry)}</span>
              {entry.by && ` by ${entry.by}`}, <Ago time={entry.at} />
            </span>
            {entry.reason && <q className="wrap-anywhere text-ink-2">{entry.reason}</q>}
            {entry.url && (
              <a href={entry.url} target="_blank" rel="noreferrer" className="underline">
                Look at the branch
              </a>
            )}
            {entry.jobId && (
              <Link to="/jobs/$jobId" params={{ jobId: entry.jobId }} className="underline">
                The push, with its log
              </Link>
            )}
          </li>
        ))}
      </ol>
    </aside>
  );
}

/** What happened, in words. */
export function said({ what, text, format, repository, branch }: SuiteEntry): string {
  switch (what) {
    case "proposed":
      return text === 1 ? "Generated" : `Generated anew as text ${text}`;
    case "edited":
      return `Edited: text ${text}`;
    case "exported":
      return format === "git"
        ? `Text ${text} pushed to ${branch} of ${repository}`
        : `Text ${text} handed out as a file`;
    case "proof_begun":
      return `Proof of text ${text} begun`;
    default:
      return what === "accepted" ? "Accepted" : "Rejected";
  }
}
