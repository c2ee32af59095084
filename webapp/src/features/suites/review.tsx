import { Meter } from "@/components/meter";
import type { TestCases } from "@/lib/suites-api";
import { integer } from "@/lib/time";

/** How far the review of a set is: accepted and rejected of all. */
export function reviewOf({ cases }: TestCases) {
  const accepted = cases.filter(({ standing }) => standing === "accepted").length;
  const rejected = cases.filter(({ standing }) => standing === "rejected").length;
  return { accepted, rejected, done: accepted + rejected, of: cases.length };
}

export function ReviewProgress({ set }: { set: TestCases }) {
  const { accepted, rejected, done, of } = reviewOf(set);
  return (
    <span className="inline-flex flex-wrap items-center gap-x-3 gap-y-0.5 text-sm">
      <span className="w-20">
        <Meter part={done} whole={of} className="bg-good" />
      </span>
      <span className="num whitespace-nowrap">
        {integer(done)} of {integer(of)} reviewed
      </span>
      {done > 0 && (
        <span className="num whitespace-nowrap text-ink-3">
          {integer(accepted)} accepted, {integer(rejected)} rejected
        </span>
      )}
    </span>
  );
}
