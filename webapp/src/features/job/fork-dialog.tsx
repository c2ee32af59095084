import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Field, Input, Textarea } from "@/components/ui/field";
import { ApiError, api, explain, type Job, unwrap } from "@/lib/api";
import { useIdempotencyKey } from "@/lib/idempotency";
import { isMembers, mergePatch, readInput } from "./fork";

/** Makes a job of another one as it was at an event, with changed input. */
export default function ForkDialog({
  job,
  version,
  onClose,
}: {
  job: Job;
  /** The newest when undefined. */
  version: number | undefined;
  onClose: () => void;
}) {
  const { jobId } = job;
  const [at, setAt] = useState(String(version ?? job.version));
  const number = /^\d+$/.test(at.trim()) ? Number(at) : 0;
  const there = number >= 1 && number <= job.version;
  const past = useQuery({
    queryKey: ["fork", jobId, number],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/jobs/{jobId}", {
          params: { path: { jobId }, query: { version: number } },
          signal,
        }),
      ),
    enabled: there && number !== job.version,
  });
  const from = number === job.version ? job : past.data;
  const before = isMembers(from?.input) ? from.input : {};
  // Nothing that was written is lost when another event is chosen.
  const [written, setWritten] = useState<string>();
  const text = written ?? JSON.stringify(before, null, 2);
  const input = readInput(text);
  const navigate = useNavigate();
  const key = useIdempotencyKey();
  const fork = useMutation({
    mutationFn: (after: Record<string, unknown>) => {
      const body = { version: number, input: mergePatch(before, after) };
      return unwrap(
        api.POST("/api/jobs/{jobId}/fork", {
          params: { path: { jobId }, header: { "Idempotency-Key": key(body) } },
          body,
        }),
      );
    },
    onSuccess: (made) => {
      onClose();
      void navigate({ to: "/jobs/$jobId", params: { jobId: made.jobId } });
    },
  });
  const wrong = typeof input === "string" ? input : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typeof input !== "string" && from && !fork.isPending) fork.mutate(input);
  };
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={`Fork this ${job.kind} job`}
      description="A new job of the same kind, queue, project and labels begins with this input. Its tape says where it came from."
    >
      <form onSubmit={submit} className="contents">
        <DialogBody>
          <div className="flex flex-col gap-4">
            <Field
              label="At event"
              hint={`As the job was then, 1 to ${job.version}.`}
              error={there ? undefined : `The job has the events 1 to ${job.version}.`}
            >
              {(props) => (
                <Input
                  {...props}
                  inputMode="numeric"
                  className="max-w-32"
                  value={at}
                  onChange={(event) => setAt(event.target.value)}
                />
              )}
            </Field>
            <Field label="Input" error={wrong}>
              {(props) => (
                <Textarea
                  {...props}
                  rows={14}
                  spellCheck={false}
                  autoCapitalize="off"
                  className="scroll-thin font-mono text-xs"
                  value={text}
                  onChange={(event) => setWritten(event.target.value)}
                />
              )}
            </Field>
            {past.isError && <Refused error={past.error} />}
            {fork.isError && <Refused error={fork.error} />}
          </div>
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Leave it</Button>
          <Button
            look="primary"
            type="submit"
            disabled={!there || !from || wrong !== undefined || fork.isPending}
          >
            Fork
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** What was refused, member by member. */
function Refused({ error }: { error: unknown }) {
  const faults = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  return (
    <div role="alert" className="text-sm font-medium wrap-anywhere text-danger">
      {faults.length === 0 && <p>{explain(error)}</p>}
      {faults.map(({ path, message }) => (
        <p key={path + message}>
          {path && <span className="font-mono text-xs">{path} </span>}
          {message}
        </p>
      ))}
    </div>
  );
}
