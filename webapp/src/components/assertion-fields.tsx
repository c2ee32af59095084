import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import { type Assertion, type Claim, claims } from "@/lib/recording";
import { claimNames, expects, matches, needsTarget } from "@/lib/steps";

/** What an assertion says, to be edited. Without an element only the page can be spoken of. */
export function AssertionFields({
  assertion,
  onChange,
  hasTarget,
}: {
  assertion: Assertion;
  onChange: (assertion: Assertion) => void;
  hasTarget: boolean;
}) {
  const { claim } = assertion;
  const change = (next: Partial<Assertion>) => onChange({ ...assertion, ...next });
  const long = claim === "ariaSnapshot" || (assertion.expected ?? "").length > 60;
  return (
    <div className="grid grid-cols-2 gap-3">
      <Field label="Claim" className={matches(claim) ? undefined : "col-span-2"}>
        {(props) => (
          <Select
            {...props}
            value={claim}
            onChange={(event) => change({ claim: event.target.value as Claim })}
          >
            {claims
              .filter((each) => hasTarget || !needsTarget(each))
              .map((each) => (
                <option key={each} value={each}>
                  {claimNames[each]}
                </option>
              ))}
          </Select>
        )}
      </Field>
      {matches(claim) && (
        <Field label="Comparison">
          {(props) => (
            <Select
              {...props}
              value={assertion.match || "contains"}
              onChange={(event) => change({ match: event.target.value })}
            >
              <option value="contains">contains</option>
              <option value="exact">exactly</option>
              <option value="regex">regular expression</option>
            </Select>
          )}
        </Field>
      )}
      {claim === "attribute" && (
        <Field label="Attribute" className="col-span-2" required>
          {(props) => (
            <Input
              {...props}
              value={assertion.name ?? ""}
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
        </Field>
      )}
      {expects(claim) && (
        <Field label="Expected" className="col-span-2">
          {(props) =>
            long ? (
              <Textarea
                {...props}
                rows={claim === "ariaSnapshot" ? 6 : 3}
                spellCheck={false}
                className={claim === "ariaSnapshot" ? "font-mono text-xs" : undefined}
                value={assertion.expected ?? ""}
                onChange={(event) => change({ expected: event.target.value })}
              />
            ) : (
              <Input
                {...props}
                inputMode={claim === "count" ? "numeric" : undefined}
                value={assertion.expected ?? ""}
                onChange={(event) => change({ expected: event.target.value })}
              />
            )
          }
        </Field>
      )}
      <Field label="It must not be so" inline className="col-span-2">
        {(props) => (
          <Checkbox
            {...props}
            checked={assertion.not ?? false}
            onChange={(event) => change({ not: event.target.checked || undefined })}
          />
        )}
      </Field>
    </div>
  );
}

/** What is still missing of an assertion; undefined when it can be kept. */
export function assertionFault({ claim, expected, name }: Assertion): string | undefined {
  if (claim === "attribute" && !name?.trim()) return "The attribute's name is missing.";
  if (claim === "count" && !/^\d+$/.test((expected ?? "").trim())) return "A number is needed.";
  return undefined;
}
