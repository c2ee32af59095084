import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { StatusMark } from "@/components/status";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Checkbox, Field, Input } from "@/components/ui/field";
import { explain } from "@/lib/api";
import { useIdempotencyKey } from "@/lib/idempotency";
import { recall, remember } from "@/lib/storage";
import { type PushInput, type PushResult, suiteReviews } from "@/lib/suite-review-api";
import { useSuiteJob } from "./use-suites";
import { NameField } from "./word-dialog";

/** Proposes a suite's current text to a git repository, and tells what came of it. */
export default function PushDialog({
  suiteId,
  project,
  spec,
  proven,
  by,
  onBy,
  onClose,
}: {
  suiteId: string;
  project: string;
  spec: string;
  /** Whether a proof says so of the current text. */
  proven: boolean;
  by: string;
  onBy: (by: string) => void;
  onClose: () => void;
}) {
  const [fields, setFields] = useState(() => ({
    ...{ url: recall("push.url") ?? "", branch: "", folder: recall("push.folder") ?? "" },
    ...{ user: "", tokenRef: recall("push.tokenRef") ?? "", reason: "" },
  }));
  const [unproven, setUnproven] = useState(false);
  const [name, setName] = useState(by);
  // After a refusal the same request is another job.
  const [tries, setTries] = useState(0);
  const key = useIdempotencyKey();
  const push = useMutation({
    mutationFn: (body: PushInput) => suiteReviews.push(body, key({ body, tries })),
    onSuccess: () => {
      onBy(name.trim());
      // What is asked for is the same next time; a token's name is no token.
      remember("push.url", fields.url.trim());
      remember("push.folder", fields.folder.trim());
      remember("push.tokenRef", fields.tokenRef.trim());
    },
  });
  const ready = fields.url.trim() !== "" && name.trim() !== "" && (proven || unproven);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ready || push.isPending) return;
    const given = Object.entries(fields).flatMap(([part, value]) =>
      value.trim() ? [[part, value.trim()]] : [],
    );
    push.mutate({
      ...{ suiteId, project, url: fields.url.trim(), by: name.trim() },
      ...Object.fromEntries(given),
      ...(unproven ? { unproven } : {}),
    });
  };
  const text = (part: keyof typeof fields, label: string, hint: string, required = false) => (
    <Field label={label} hint={hint} required={required}>
      {(props) => (
        <Input
          {...props}
          spellCheck={false}
          autoCapitalize="off"
          value={fields[part]}
          onChange={(event) => setFields({ ...fields, [part]: event.target.value })}
        />
      )}
    </Field>
  );
  const back = () => {
    setTries(tries + 1);
    push.reset();
  };
  if (push.data) {
    return <Pushing jobId={push.data.jobId} onBack={back} onClose={onClose} />;
  }
  const branch = `tapedeck/${spec.replace(/^.*\//, "").replace(/\.spec\.ts$/, "")}`;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Push the test to a repository"
      description={`The project goes onto the branch ${branch}, to be merged there by you. What people changed of it before stays: where both changed the same lines, theirs.`}
    >
      <form onSubmit={submit} className="contents">
        <DialogBody>
          <div className="flex flex-col gap-4">
            {text(
              "url",
              "Repository",
              "https://HOST/PATH. The server's GIT_HOSTS says which may be reached.",
              true,
            )}
            <div className="grid gap-4 sm:grid-cols-2">
              {text("branch", "Proposed to", "A branch; the repository's own when empty.")}
              {text("folder", "Folder", "Where in it the tests belong.")}
              {text("tokenRef", "Token", "The name of the secret with a token that may push.")}
              {text("user", "User", "Of the token, where the host wants one.")}
            </div>
            {!proven && (
              <Field
                inline
                label="Push it although it is not proven"
                hint="No proof says yet that this text holds."
              >
                {(props) => (
                  <Checkbox
                    {...props}
                    checked={unproven}
                    onChange={(event) => setUnproven(event.target.checked)}
                  />
                )}
              </Field>
            )}
            {text("reason", "Why", "Stands in the history; it may be left out.")}
            <NameField name={name} onName={setName} />
            {push.isError && (
              <p role="alert" className="text-sm font-medium wrap-anywhere text-danger">
                {explain(push.error)}
              </p>
            )}
          </div>
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Leave it</Button>
          <Button look="primary" type="submit" disabled={!ready || push.isPending}>
            Push
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** How the push goes, and where its branch is. */
function Pushing({
  jobId,
  onBack,
  onClose,
}: {
  jobId: string;
  /** To what was asked for, which can be asked for otherwise. */
  onBack: () => void;
  onClose: () => void;
}) {
  const { data: job, isError, error } = useSuiteJob(jobId);
  const done = job?.status === "succeeded" ? (job.result as Partial<PushResult>) : undefined;
  return (
    <Dialog open onClose={onClose} title={done ? "The test was pushed" : "Pushing the test"}>
      <DialogBody>
        <div className="flex flex-col gap-3 text-sm" role="status">
          {job && !done && <StatusMark status={job.status} />}
          {isError && <p className="text-danger">{explain(error)}</p>}
          {job?.error && <p className="wrap-anywhere text-danger">{job.error.message}</p>}
          {done && (
            <>
              <p className="wrap-anywhere">
                Branch <span className="font-mono text-xs">{done.branch}</span>
                {done.unchanged ? " has it already: nothing is new." : ""}
              </p>
              {(done.kept?.length ?? 0) > 0 && (
                <p className="wrap-anywhere text-ink-2">
                  Left as people have it: {done.kept?.join(", ")}
                </p>
              )}
              {done.url && (
                <a href={done.url} target="_blank" rel="noreferrer" className="underline">
                  Look at the branch
                </a>
              )}
            </>
          )}
          <Link to="/jobs/$jobId" params={{ jobId }} className="underline">
            The push, with its log
          </Link>
        </div>
      </DialogBody>
      <DialogActions>
        {job?.error && <Button onClick={onBack}>Change it</Button>}
        <Button look="primary" onClick={onClose}>
          Close
        </Button>
      </DialogActions>
    </Dialog>
  );
}
