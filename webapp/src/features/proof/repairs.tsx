import { CircleSlash, Wrench } from "lucide-react";
import { DiffView } from "@/components/diff-view";
import type { Proof, Repair } from "@/lib/proof-api";
import { titleOf } from "./words";

/** What was tried to mend tests that did not hold, and which of them hold now. */
export function Repairs({ proof: { tests, repairs = [] } }: { proof: Proof }) {
  if (repairs.length === 0) return null;
  const of = tests
    .map((test) => ({ test, tries: repairs.filter((each) => each.test === test.id) }))
    .filter(({ tries }) => tries.length > 0);
  return (
    <section aria-labelledby="repairs">
      <h2 id="repairs" className="mb-2 text-base font-semibold">
        Repairs
      </h2>
      <ul className="flex flex-col gap-3">
        {of.map(({ test, tries }) => {
          const mended = tries.some((each) => each.kept);
          return (
            <li key={test.id} className="rounded-md border border-line bg-panel p-3">
              <p className="mb-2 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
                <span className="font-medium wrap-anywhere">{titleOf(test)}</span>
                <Mark kept={mended} yes="Repaired" no="Withheld" />
              </p>
              <ol className="flex flex-col gap-3">
                {tries.map((each) => (
                  <li key={each.number}>
                    <Try repair={each} />
                  </li>
                ))}
              </ol>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Try({ repair }: { repair: Repair }) {
  const { number, file, line, before, after, reason, kept, message } = repair;
  return (
    <>
      <p className="text-sm">
        <span className="num text-ink-3">{number}.</span> {reason}{" "}
        <span className="font-mono text-xs wrap-anywhere text-ink-3">
          {file}:{line}
        </span>
      </p>
      <div className="my-1 rounded-md border border-line bg-ground py-1">
        <DiffView before={before.trim()} after={after.trim()} />
      </div>
      <p className="text-xs">
        <Mark kept={kept} yes="Kept: it passed all its runs" no="Taken back" />
        {message && <span className="wrap-anywhere text-ink-2">: {message}</span>}
      </p>
    </>
  );
}

function Mark({ kept, yes, no }: { kept: boolean; yes: string; no: string }) {
  const Icon = kept ? Wrench : CircleSlash;
  return (
    <span
      className="inline-flex items-center gap-1 font-medium"
      style={{ color: kept ? "var(--state-succeeded)" : "var(--state-failed)" }}
    >
      <Icon aria-hidden="true" className="size-[1.1em]" /> {kept ? yes : no}
    </span>
  );
}
