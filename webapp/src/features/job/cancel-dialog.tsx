import { useState } from "react";
import { isActive } from "@/components/status";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import type { Job } from "@/lib/api";

/** Asks why a job is cancelled. */
export default function CancelDialog({
  job,
  pending,
  onClose,
  onCancel,
}: {
  job: Job;
  pending: boolean;
  onClose: () => void;
  onCancel: (reason: string) => void;
}) {
  const [reason, setReason] = useState("");
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Cancel this ${job.kind} job?`}
      description={
        isActive(job.status)
          ? "The attempt under way is told to give up, and what it made so far counts for nothing."
          : "It will not run."
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onCancel(reason.trim());
        }}
      >
        <DialogBody>
          <Field label="Reason" hint="Goes onto the job's tape.">
            {(props) => (
              <Input
                {...props}
                value={reason}
                maxLength={1000}
                onChange={(event) => setReason(event.target.value)}
              />
            )}
          </Field>
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Keep it</Button>
          <Button look="danger" type="submit" disabled={pending}>
            Cancel the job
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
