import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { explain } from "@/lib/api";
import { proofs } from "@/lib/proof-api";
import type { Recording } from "@/lib/recording";
import { bytes } from "@/lib/time";

const MOST_RUNS = 100;
const MOST_FAULTS = 10_000;

/** Sends a test project whose tests are to be run on the recording's twin, and leads to its proof. */
export default function VerifyDialog({
  recording,
  onClose,
}: {
  recording: Recording;
  onClose: () => void;
}) {
  const [archive, setArchive] = useState<File | null>(null);
  const [runs, setRuns] = useState("5");
  const [faults, setFaults] = useState("60");
  const [sent, setSent] = useState(0);
  const navigate = useNavigate();
  const bad = {
    runs: whole(runs, 1, MOST_RUNS),
    faults: whole(faults, 0, MOST_FAULTS),
  };
  const verify = useMutation({
    mutationFn: (chosen: File) =>
      proofs.verify(
        chosen,
        {
          name: chosen.name.replace(/\.zip$/i, "").slice(0, 200),
          recordingId: recording.recordingId,
          runs: Number(runs),
          mutants: Number(faults),
        },
        recording.project,
        setSent,
      ),
    onSuccess: ({ jobId }) => void navigate({ to: "/jobs/$jobId", params: { jobId } }),
  });
  const ready = archive !== null && !bad.runs && !bad.faults && !verify.isPending;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Verify tests"
      description="Each test is run again and again on this recording’s network, with the site itself switched off; then with faults that it should notice."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) verify.mutate(archive);
        }}
      >
        <DialogBody>
          <div className="flex flex-col gap-4">
            <ArchiveField archive={archive} take={setArchive} />
            <div className="grid grid-cols-2 gap-4">
              <Field label="Runs" hint="Of each test, under other conditions." error={bad.runs}>
                {(props) => (
                  <Input
                    {...props}
                    inputMode="numeric"
                    value={runs}
                    onChange={(event) => setRuns(event.target.value)}
                  />
                )}
              </Field>
              <Field label="Faults" hint="To try the tests with; 0 is none." error={bad.faults}>
                {(props) => (
                  <Input
                    {...props}
                    inputMode="numeric"
                    value={faults}
                    onChange={(event) => setFaults(event.target.value)}
                  />
                )}
              </Field>
            </div>
            {verify.isPending && (
              <progress aria-label="Sent" className="w-full accent-(--ink)" max={1} value={sent} />
            )}
            {verify.isError && (
              <p role="alert" className="text-sm wrap-anywhere text-danger">
                {explain(verify.error)}
              </p>
            )}
          </div>
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Leave it</Button>
          <Button look="primary" type="submit" disabled={!ready}>
            {verify.isPending ? "Sending…" : "Verify"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function ArchiveField({
  archive,
  take,
}: {
  archive: File | null;
  take: (archive: File | null) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <Field
      label="Test project"
      required
      hint="A Playwright Test project as a .zip of at most 100 MB, without node_modules."
    >
      {({ id, "aria-describedby": described }) => (
        <div className="flex min-w-0 items-center gap-3">
          <input
            ref={input}
            type="file"
            hidden
            aria-label="Archive of the test project"
            accept=".zip,application/zip"
            onChange={(event) => take(event.target.files?.[0] ?? archive)}
          />
          <Button id={id} aria-describedby={described} onClick={() => input.current?.click()}>
            {archive ? "Choose another…" : "Choose a .zip…"}
          </Button>
          {archive && (
            <span className="min-w-0 truncate text-sm">
              {archive.name}, <span className="num">{bytes(archive.size)}</span>
            </span>
          )}
        </div>
      )}
    </Field>
  );
}

/** What is wrong with a whole number; nothing when it is one within the bounds. */
function whole(text: string, least: number, most: number): string | undefined {
  const n = Number(text);
  if (/^\d+$/.test(text.trim()) && n >= least && n <= most) return undefined;
  return `A whole number from ${least} to ${most.toLocaleString()}.`;
}
