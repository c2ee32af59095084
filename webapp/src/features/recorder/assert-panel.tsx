import { clsx } from "clsx";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { AssertionFields, assertionFault } from "@/components/assertion-fields";
import { Button } from "@/components/ui/button";
import type { Assertion, Step } from "@/lib/recording";
import { assertionText, elementText, locatorText } from "@/lib/steps";
import type { StageState } from "./protocol";
import type { Picked, Suggestion } from "./view";

/** What an assertion is about, and what it claims. A pointer picks it; the keyboard has the buttons. */
export function AssertPanel({
  picked,
  state,
  lastStep,
  onPicked,
  onAdd,
  onClose,
}: {
  picked: Picked | null;
  state: StageState | null;
  /** The last step that has an element. */
  lastStep: Step | undefined;
  onPicked: (picked: Picked) => void;
  onAdd: (assertion: Assertion) => void;
  onClose: () => void;
}) {
  const locator = locatorText(picked?.target);
  const label = picked && (elementText(picked.target) || picked.label);
  return (
    <section
      aria-label="Assertion"
      className="scroll-thin flex max-h-[60%] shrink-0 max-lg:max-h-full flex-col gap-3 overflow-y-auto border-b border-line bg-select p-3"
    >
      <div className="flex items-start gap-2">
        <div className="min-w-0 grow">
          <h2 className="text-sm font-semibold">{picked ? "Claim" : "Pick an element"}</h2>
          <p className="text-xs text-ink-2">
            {picked
              ? label
              : "Point at what must be so, and click it. Nothing goes to the page meanwhile."}
          </p>
          {locator && locator !== label && (
            <p className="truncate font-mono text-2xs text-ink-2">{locator}</p>
          )}
        </div>
        <Button look="quiet" size="icon" onClick={onClose} aria-label="Close the assertion tool">
          <X aria-hidden="true" />
        </Button>
      </div>
      {picked ? (
        <Claims key={picked.pickId + picked.label} picked={picked} onAdd={onAdd} />
      ) : (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" onClick={() => onPicked(pageAsPicked(state))}>
            About the page
          </Button>
          {lastStep && (
            <Button size="sm" onClick={() => onPicked(stepAsPicked(lastStep))}>
              About the last step’s element
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

function pageAsPicked(state: StageState | null): Picked {
  const page = state?.pages.find((each) => each.page === state.active);
  return {
    pickId: "",
    label: "The page as a whole",
    target: undefined,
    box: null,
    suggestions: [
      { claim: "url", expected: page?.url ?? "", match: "exact" },
      { claim: "title", expected: page?.title ?? "", match: "exact" },
    ],
  };
}

function stepAsPicked({ id, target }: Step): Picked {
  const text = target?.element?.text;
  return {
    pickId: "",
    label: id,
    target,
    box: null,
    suggestions: [
      { claim: "visible" },
      ...(text ? [{ claim: "text" as const, expected: text, match: "contains" }] : []),
      { claim: "enabled" },
    ],
  };
}

function Claims({ picked, onAdd }: { picked: Picked; onAdd: (assertion: Assertion) => void }) {
  const [assertion, setAssertion] = useState<Assertion>(
    picked.suggestions[0] ?? { claim: "visible" },
  );
  const fault = assertionFault(assertion);
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (!fault) onAdd(assertion);
      }}
    >
      <ul aria-label="Suggestions" className="flex flex-wrap gap-1.5">
        {picked.suggestions.map((each) => {
          const text = assertionText(each);
          const on = text === assertionText(assertion);
          return (
            <li key={text} className="min-w-0">
              <button
                type="button"
                aria-pressed={on}
                onClick={() => setAssertion(each)}
                className={clsx(
                  "max-w-full truncate rounded-full border px-2.5 py-0.5 text-xs",
                  on ? "border-ink bg-ink text-ground" : "border-line bg-panel hover:bg-well",
                )}
              >
                {text}
              </button>
            </li>
          );
        })}
      </ul>
      <AssertionFields
        assertion={assertion}
        onChange={setAssertion}
        hasTarget={picked.target !== undefined}
      />
      {fault && <p className="text-xs font-medium text-danger">{fault}</p>}
      <Button look="primary" type="submit" disabled={fault !== undefined}>
        <Plus aria-hidden="true" /> Add the assertion
      </Button>
    </form>
  );
}

/** What newly appeared after an action, offered as assertions. */
export function Suggestions({
  list,
  onAdd,
  onDismiss,
}: {
  list: Suggestion[];
  onAdd: (suggestion: Suggestion) => void;
  onDismiss: (number: number) => void;
}) {
  if (list.length === 0) return null;
  return (
    <section
      aria-label="Suggested assertions"
      className="flex shrink-0 flex-col gap-1 border-t border-line bg-panel px-3 py-2"
    >
      <h2 className="text-xs font-semibold text-ink-3">Newly there: worth asserting?</h2>
      <ul className="flex flex-col gap-1">
        {list.map((suggestion) => (
          <li key={suggestion.number} className="flex items-center gap-1 text-sm">
            <span className="min-w-0 grow truncate" title={locatorText(suggestion.target)}>
              {suggestion.label ||
                `${elementText(suggestion.target)} ${assertionText(suggestion.assertion)}`}
            </span>
            <Button
              size="sm"
              aria-label={`Assert: ${suggestion.label}`}
              onClick={() => onAdd(suggestion)}
            >
              <Plus aria-hidden="true" /> Assert
            </Button>
            <Button
              size="sm"
              look="quiet"
              aria-label={`Not this one: ${suggestion.label}`}
              onClick={() => onDismiss(suggestion.number)}
            >
              <X aria-hidden="true" />
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
