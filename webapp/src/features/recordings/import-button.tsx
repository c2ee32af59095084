import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Upload } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { keys } from "@/features/live/keys";
import { recorder } from "@/lib/recorder-api";
import type { ImportAnswer } from "@/lib/recording";
import { notify, notifyError } from "@/lib/toast";

/** Takes a recording.json or an export of Chrome's recorder into the library. */
export function ImportButton({
  project,
  folder,
}: {
  project: string | undefined;
  folder: string | undefined;
}) {
  const file = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();
  const client = useQueryClient();
  const [report, setReport] = useState<ImportAnswer | null>(null);
  const open = (recordingId: string) =>
    void navigate({ to: "/recordings/$recordingId", params: { recordingId } });
  const bring = useMutation({
    mutationFn: async (chosen: File) => {
      const document = parse(await chosen.text());
      return recorder.import(document, { project, folder });
    },
    onSuccess: (answer) => {
      void client.invalidateQueries({ queryKey: keys.recordings });
      if (answer.report.length > 0) return setReport(answer);
      notify("Imported");
      open(answer.recordingId);
    },
    onError: (error) => notifyError("Nothing was imported", error),
  });
  return (
    <>
      <input
        ref={file}
        type="file"
        hidden
        aria-label="Recording to import"
        accept=".json,application/json"
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          event.target.value = "";
          if (chosen) bring.mutate(chosen);
        }}
      />
      <Button disabled={bring.isPending} onClick={() => file.current?.click()}>
        <Upload aria-hidden="true" /> {bring.isPending ? "Importing…" : "Import"}
      </Button>
      {report && (
        <Dialog
          open
          onClose={() => setReport(null)}
          title="Imported, but for these"
          description="They could not be mapped to steps of ours. Nothing else was left out."
        >
          <DialogBody>
            <ul className="flex flex-col gap-1.5 text-sm">
              {report.report.map(({ path, message }) => (
                <li key={path + message}>
                  <span className="font-mono text-xs text-ink-2">{path}</span> {message}
                </li>
              ))}
            </ul>
          </DialogBody>
          <DialogActions>
            <Button onClick={() => setReport(null)}>Stay here</Button>
            <Button look="primary" onClick={() => open(report.recordingId)}>
              Open the recording
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </>
  );
}

function parse(text: string): Record<string, never> {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("The file is not JSON.");
  }
}
