import { Ear, EarOff } from "lucide-react";
import type { Check, Proof, ProofTest } from "@/lib/proof-api";
import { integer } from "@/lib/time";
import { titleOf } from "./words";

/**
 * Whether assertions notice a change of the very thing that they are about. It stands apart from the
 * score: these changes are chosen by reading the test.
 */
export function Checks({ proof: { tests, checks = [] } }: { proof: Proof }) {
  const tried = checks.filter((check) => check.tried > 0);
  if (tried.length === 0) return null;
  const deaf = tried.filter((check) => check.noticed === 0);
  const Icon = deaf.length > 0 ? EarOff : Ear;
  return (
    <section aria-labelledby="checks">
      <h2 id="checks" className="text-base font-semibold">
        Self-check
      </h2>
      <p className="mt-1 flex items-start gap-1.5 text-sm">
        <Icon
          aria-hidden="true"
          className="mt-0.5 size-4 shrink-0"
          style={{ color: deaf.length > 0 ? "var(--state-failed)" : "var(--state-succeeded)" }}
        />
        <span>
          <span className="num font-semibold">
            {integer(tried.length - deaf.length)} of {integer(tried.length)}
          </span>{" "}
          {tried.length === 1 ? "assertion notices" : "assertions notice"} a change of what they are
          about. <span className="text-ink-3">It is not part of the score.</span>
        </span>
      </p>
      {deaf.length > 0 && <Deaf checks={deaf} tests={tests} />}
    </section>
  );
}

function Deaf({ checks, tests }: { checks: Check[]; tests: ProofTest[] }) {
  const titles = new Map(tests.map((test) => [test.id, titleOf(test)]));
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
      tabIndex={0}
      aria-label="Assertions that notice nothing"
      className="scroll-thin mt-2 max-h-72 overflow-auto rounded-md border border-line bg-panel"
    >
      <ul className="divide-y divide-line text-sm">
        {checks.map((check) => (
          <li key={`${check.test}/${check.assertion}`} className="px-3 py-2">
            <p className="font-mono text-xs wrap-anywhere">
              expect({check.subject ?? "…"}).{check.matcher}
            </p>
            <p className="text-xs wrap-anywhere text-ink-2">
              {check.file && (
                <span className="font-mono">
                  {check.file}
                  {check.line ? `:${check.line}` : ""}
                </span>
              )}{" "}
              {titles.get(check.test)}, assertion {check.assertion}: none of {integer(check.tried)}{" "}
              {check.tried === 1 ? "change" : "changes"} noticed
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
