import { useState } from "react";
import { DiffView } from "@/components/diff-view";
import { Fault } from "@/components/fault";
import { Field, Select } from "@/components/ui/field";
import type { SuiteReview, SuiteText } from "@/lib/suite-review-api";
import { stamp } from "@/lib/time";
import { useSuiteText } from "./use-suite-review";

/** How two texts of a suite differ: first what was generated and what counts now. */
export default function SuiteChanges({ review }: { review: SuiteReview }) {
  const { jobId, texts } = review;
  const generated = texts.findLast((text) => text.generated)?.number ?? 1;
  const [chosen, setChosen] = useState<{ from?: number; to?: number }>({});
  const from = chosen.from ?? generated;
  const to = chosen.to ?? texts.length;
  const before = useSuiteText(jobId, from);
  const after = useSuiteText(jobId, to);
  const failed = before.isError ? before : after.isError ? after : undefined;
  const ready = [before, after].every((text) => text.isSuccess && !text.isPlaceholderData);
  return (
    <div className="flex flex-col gap-3 p-3">
      <div className="grid gap-3 sm:grid-cols-2">
        <Choice
          label="From"
          texts={texts}
          value={from}
          onValue={(next) => setChosen({ ...chosen, from: next })}
        />
        <Choice
          label="To"
          texts={texts}
          value={to}
          onValue={(next) => setChosen({ ...chosen, to: next })}
        />
      </div>
      {failed && <Fault error={failed.error} retry={() => void failed.refetch()} />}
      {ready && <DiffView before={before.data ?? ""} after={after.data ?? ""} />}
    </div>
  );
}

function Choice({
  label,
  texts,
  value,
  onValue,
}: {
  label: string;
  texts: SuiteText[];
  value: number;
  onValue: (value: number) => void;
}) {
  return (
    <Field label={label}>
      {(props) => (
        <Select
          {...props}
          className="w-full"
          value={value}
          onChange={(event) => onValue(Number(event.target.value))}
        >
          {texts.map((text) => (
            <option key={text.number} value={text.number}>
              {`${text.number}: ${text.generated ? "generated" : `by ${text.by}`}, ${stamp(text.at)}`}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
