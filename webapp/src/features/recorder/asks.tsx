import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { bytes } from "@/lib/time";
import { notifyError } from "@/lib/toast";
import type { FilesWanted, PageDialog, SentFile } from "./protocol";
import type { Stage } from "./stage";
import type { StageView } from "./view";

/** A socket message holds at most this much of files: what is larger belongs into the page's own server. */
const MOST_BYTES = 20_000_000;

/** What the page's browser asks of the person who drives: its dialogs and file choosers. */
export function Asks({
  stage,
  view,
  driving,
}: {
  stage: Stage;
  view: StageView;
  driving: boolean;
}) {
  const { dialog, files } = view;
  if (!driving) {
    const what = dialog ? `A ${dialog.kind}` : files ? "A file chooser" : view.choose && "A list";
    return what ? (
      <p role="status" className="shrink-0 border-b border-line bg-well px-3 py-1.5 text-sm">
        {what} of the page waits for the answer of whoever drives.
        {dialog?.message && <> It says “{dialog.message}”.</>}
      </p>
    ) : null;
  }
  return (
    <>
      {dialog && (
        <DialogAsk
          key={dialog.id}
          dialog={dialog}
          onAnswer={(accept, text) =>
            stage.answer({ op: "dialog", id: dialog.id, accept, ...(accept && { text }) })
          }
        />
      )}
      {files && (
        <FilesAsk
          key={files.id}
          wanted={files}
          onAnswer={(sent) => stage.answer({ op: "files", id: files.id, files: sent })}
        />
      )}
    </>
  );
}

const titles: Record<string, string> = {
  alert: "The page says",
  confirm: "The page asks",
  prompt: "The page asks for text",
  beforeunload: "Leave this page?",
};

function DialogAsk({
  dialog,
  onAnswer,
}: {
  dialog: PageDialog;
  onAnswer: (accept: boolean, text?: string) => void;
}) {
  const { kind } = dialog;
  const [text, setText] = useState(dialog.default ?? "");
  const message =
    dialog.message || (kind === "beforeunload" ? "What was entered there may be lost." : "");
  return (
    <Dialog
      open
      onClose={() => onAnswer(kind === "alert")}
      title={titles[kind] ?? "The page asks"}
      description={<span className="break-words whitespace-pre-wrap">{message}</span>}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onAnswer(true, kind === "prompt" ? text : undefined);
        }}
      >
        {kind === "prompt" && (
          <DialogBody>
            <Field label="Answer">
              {(props) => (
                <Input
                  {...props}
                  autoFocus
                  value={text}
                  onChange={(event) => setText(event.target.value)}
                />
              )}
            </Field>
          </DialogBody>
        )}
        <DialogActions>
          {kind !== "alert" && (
            <Button onClick={() => onAnswer(false)}>
              {kind === "beforeunload" ? "Stay" : "Cancel"}
            </Button>
          )}
          <Button look="primary" type="submit" autoFocus={kind !== "prompt"}>
            {kind === "beforeunload" ? "Leave" : "OK"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function FilesAsk({
  wanted,
  onAnswer,
}: {
  wanted: FilesWanted;
  onAnswer: (files: SentFile[] | null) => void;
}) {
  const [files, setFiles] = useState<File[]>([]);
  const [reading, setReading] = useState(false);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const error = size > MOST_BYTES ? `At most ${bytes(MOST_BYTES)} together` : undefined;
  const send = async () => {
    setReading(true);
    try {
      onAnswer(await Promise.all(files.map(sentFile)));
    } catch (cause) {
      notifyError("The files could not be read", cause);
      setReading(false);
    }
  };
  return (
    <Dialog
      open
      onClose={() => onAnswer(null)}
      title={wanted.multiple ? "Choose files for the page" : "Choose a file for the page"}
      description="They are kept with the recording, so that it can be run again."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (files.length > 0 && !error) void send();
        }}
      >
        <DialogBody>
          <Field label={wanted.multiple ? "Files" : "File"} error={error}>
            {(props) => (
              <input
                {...props}
                type="file"
                multiple={wanted.multiple}
                accept={wanted.accept}
                onChange={(event) => setFiles([...(event.target.files ?? [])])}
                className="w-full rounded-md border border-line bg-panel p-2 text-sm file:mr-3 file:rounded-md file:border file:border-line file:bg-well file:px-2.5 file:py-1 file:text-ink"
              />
            )}
          </Field>
        </DialogBody>
        <DialogActions>
          <Button onClick={() => onAnswer(null)}>Choose nothing</Button>
          <Button
            look="primary"
            type="submit"
            disabled={files.length === 0 || reading || error !== undefined}
          >
            {reading ? "Reading…" : "Give to the page"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function sentFile(file: File): Promise<SentFile> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => {
      const data = String(reader.result).replace(/^[^,]*,/, "");
      done({ name: file.name, contentType: file.type || "application/octet-stream", data });
    };
    reader.onerror = () => failed(reader.error ?? new Error(file.name));
    reader.readAsDataURL(file);
  });
}
