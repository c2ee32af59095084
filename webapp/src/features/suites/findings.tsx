import { CheckCheck, ShieldCheck } from "lucide-react";
import { Notice } from "@/components/fault";
import { type Requirement, requirementNames } from "@/lib/requirement";
import type { Citation, Finding, TestCases } from "@/lib/suites-api";
import { integer } from "@/lib/time";
import { Tag } from "./case-marks";
import { Citations, Quote } from "./citations";

const kinds: Record<Finding["kind"], string> = {
  contradiction: "Documents and recording disagree",
  disagreement: "Documents disagree",
};

/** Where documents and the recording, or documents among themselves, say different things. */
export function Findings({ set: { findings, status } }: { set: TestCases }) {
  if (findings.length === 0) {
    return (
      <Notice icon={<CheckCheck />} title="Nothing disagrees">
        {status === "complete"
          ? "What was read of the documents does not speak against the recording."
          : "What does appears here by itself."}
      </Notice>
    );
  }
  return (
    <ol aria-label="Findings" className="flex flex-col gap-3 p-4 md:px-6">
      {findings.map((finding) => (
        <li
          key={finding.findingId}
          className="flex flex-col gap-2 rounded-md border border-l-4 border-line border-l-warn bg-panel px-3 py-2.5"
        >
          <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
            <h2 className="font-semibold wrap-anywhere">{finding.subject}</h2>
            <span className="text-xs text-warn">{kinds[finding.kind]}</span>
          </div>
          <p className="max-w-prose text-sm wrap-anywhere">{finding.message}</p>
          <div className="grid gap-x-6 gap-y-3 md:grid-cols-2">
            <Side title="Documents say" list={finding.says} />
            <Side title="The recording shows" list={finding.shows ?? []} />
          </div>
        </li>
      ))}
    </ol>
  );
}

function Side({ title, list }: { title: string; list: Citation[] }) {
  if (list.length === 0) return null;
  return (
    <section className="min-w-0">
      <h3 className="mb-1.5 text-xs font-semibold text-ink-3">{title}</h3>
      <Citations list={list} label={title} />
    </section>
  );
}

/** What documents demand and nothing in the recording touches. */
export function Uncovered({ set: { uncovered, uncoveredOf, requirements } }: { set: TestCases }) {
  if (uncovered.length === 0) {
    return (
      <Notice
        icon={<ShieldCheck />}
        title={requirements > 0 ? "Every requirement is touched" : "No requirement was read"}
      />
    );
  }
  return (
    <div className="flex flex-col gap-3 p-4 md:px-6">
      <p className="max-w-prose text-sm text-ink-2">
        <span className="num">
          {integer(uncoveredOf)} of {integer(requirements)}
        </span>{" "}
        requirements are touched by nothing in the recording. Record a flow that does, and generate
        again.
        {uncoveredOf > uncovered.length && ` The first ${integer(uncovered.length)} are shown.`}
      </p>
      <ol aria-label="Uncovered requirements" className="flex max-w-4xl flex-col gap-2.5">
        {uncovered.map(({ requirement, source }, i) => (
          <li
            key={source.passageId ?? i}
            className="grid grid-cols-[5rem_minmax(0,1fr)] gap-2 [content-visibility:auto]"
          >
            <span>
              <Tag>{requirementNames[requirement as Requirement] ?? requirement}</Tag>
            </span>
            <Quote citation={source} />
          </li>
        ))}
      </ol>
    </div>
  );
}
