import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Field, Input, Textarea } from "@/components/ui/field";
import type { Word } from "@/lib/suites-api";

/** The most characters of a name and of a reason that can be kept. */
export const MOST_BY = 100;
export const MOST_REASON = 1000;

/** Asks who says something, and why where that is needed. */
export default function WordDialog({
  title,
  description,
  label,
  by,
  why,
  onSay,
  onClose,
}: {
  title: string;
  description?: string;
  /** Of the button. */
  label: string;
  by: string;
  /** Whether a reason is needed, or may be given. */
  why: boolean | "optional";
  onSay: (word: Word) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState(by);
  const [reason, setReason] = useState("");
  const ready = name.trim() !== "" && (why !== true || reason.trim() !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) onSay({ by: name.trim(), ...(reason.trim() ? { reason: reason.trim() } : {}) });
  };
  return (
    <Dialog open onClose={onClose} title={title} description={description}>
      <form onSubmit={submit} className="contents">
        <DialogBody>
          <div className="flex flex-col gap-4">
            {why && (
              <Field label="Reason" required={why === true}>
                {(props) => (
                  <Textarea
                    {...props}
                    rows={3}
                    maxLength={MOST_REASON}
                    value={reason}
                    onChange={(event) => setReason(event.target.value)}
                  />
                )}
              </Field>
            )}
            <NameField name={name} onName={setName} />
          </div>
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Leave it</Button>
          <Button look="primary" type="submit" disabled={!ready}>
            {label}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

export function NameField({ name, onName }: { name: string; onName: (name: string) => void }) {
  return (
    <Field label="Your name" required hint="It stands in the history. This browser remembers it.">
      {(props) => (
        <Input
          {...props}
          autoComplete="name"
          maxLength={MOST_BY}
          value={name}
          onChange={(event) => onName(event.target.value)}
        />
      )}
    </Field>
  );
}
