import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useId, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Textarea } from "@/components/ui/field";
import { explain } from "@/lib/api";
import { type SuiteReview, suiteReviews } from "@/lib/suite-review-api";
import { notify } from "@/lib/toast";
import { keys } from "./keys";
import { useLeaveGuard } from "./use-leave-guard";
import { isStale } from "./use-suite-review";
import { MOST_REASON, NameField } from "./word-dialog";

/** Gives a suite another text. What is written is kept until it is saved or let go. */
export default function SuiteEditor({
  review,
  code,
  by,
  onBy,
  onClose,
}: {
  review: SuiteReview;
  code: string;
  by: string;
  onBy: (by: string) => void;
  onClose: () => void;
}) {
  const client = useQueryClient();
  // What the edit began with, so that somebody else's change in between is noticed.
  const [seen, setSeen] = useState({ version: review.version, code });
  const [text, setText] = useState(code);
  const [name, setName] = useState(by);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const label = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const dirty = text !== seen.code;
  const unsaved = useRef(false);
  useEffect(() => {
    unsaved.current = dirty;
  }, [dirty]);
  const guard = useLeaveGuard(useCallback(() => unsaved.current, []));
  useEffect(() => area.current?.focus(), []);
  const ready = dirty && name.trim() !== "" && text.trim() !== "" && !busy;

  const save = async (prove: boolean) => {
    if (!ready) return;
    setBusy(true);
    setError(null);
    try {
      const said = reason.trim();
      const word = { by: name.trim(), ...(said ? { reason: said } : {}) };
      const next = await suiteReviews.edit(review.jobId, seen.version, { text, prove, ...word });
      client.setQueryData(keys.review(review.jobId), next);
      onBy(word.by);
      unsaved.current = false;
      notify("The test was changed", prove ? "It is proven again now." : undefined);
      onClose();
    } catch (fault) {
      if (isStale(fault)) await takeNewest();
      else setError(explain(fault));
    } finally {
      setBusy(false);
    }
  };
  const takeNewest = async () => {
    const now = await suiteReviews.get(review.jobId).catch(() => null);
    if (!now) return setError("Somebody else changed the suite meanwhile. Try again.");
    client.setQueryData(keys.review(review.jobId), now);
    setSeen({ ...seen, version: now.version });
    const last = now.history.at(-1);
    setError(
      `Meanwhile the suite was ${last?.what ?? "changed"}${last?.by ? ` by ${last.by}` : ""}. Every text is kept: saving once more puts yours in front.`,
    );
  };
  const leave = () => (dirty ? setAsking(true) : onClose());
  const stay = () => {
    setAsking(false);
    guard.answer(false);
  };
  return (
    <form
      aria-label="Edit the test"
      onSubmit={(event) => {
        event.preventDefault();
        void save(true);
      }}
      onKeyDown={(event) => {
        if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
          event.preventDefault();
          void save(true);
        } else if (event.key === "Escape" && !event.defaultPrevented) {
          event.stopPropagation();
          leave();
        }
      }}
      className="flex flex-col gap-3 p-3"
    >
      <label htmlFor={label} className="sr-only">
        Code of the test
      </label>
      <Textarea
        id={label}
        ref={area}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        wrap="off"
        className="scroll-thin h-[50vh] min-h-60 resize-y overflow-auto font-mono text-xs leading-5"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Why" hint="Stands in the history beside the change.">
          {(props) => (
            <Input
              {...props}
              maxLength={MOST_REASON}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
        <NameField name={name} onName={setName} />
      </div>
      {error && (
        <p role="alert" className="text-sm font-medium text-danger">
          {error}
        </p>
      )}
      <div className="flex flex-wrap items-center justify-end gap-2">
        <span className="mr-auto text-xs text-ink-3">{dirty ? "Not saved yet" : ""}</span>
        <Button onClick={leave}>Close</Button>
        <Button disabled={!ready} onClick={() => void save(false)}>
          Save only
        </Button>
        <Button look="primary" type="submit" disabled={!ready} title="Ctrl+S">
          Save and prove
        </Button>
      </div>
      {(asking || guard.waiting) && (
        <Dialog
          open
          onClose={stay}
          title="Leave without saving?"
          description="What you changed in the test is lost then."
        >
          <DialogActions>
            <Button onClick={stay}>Go on editing</Button>
            <Button
              look="danger"
              onClick={() => {
                unsaved.current = false;
                if (guard.waiting) guard.answer(true);
                else onClose();
              }}
            >
              Leave
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </form>
  );
}
