import { useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";

export function RenameDialog({
  name,
  onClose,
  onRename,
}: {
  name: string;
  onClose: () => void;
  onRename: (name: string) => void;
}) {
  const [text, setText] = useState(name);
  const good = text.trim() !== "";
  return (
    <Dialog open onClose={onClose} title="Rename the recording">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!good) return;
          if (text.trim() !== name) onRename(text.trim());
          onClose();
        }}
      >
        <DialogBody>
          <Field label="Name" error={good ? undefined : "A name is needed."}>
            {(props) => (
              <Input
                {...props}
                value={text}
                maxLength={200}
                onFocus={(event) => event.target.select()}
                onChange={(event) => setText(event.target.value)}
              />
            )}
          </Field>
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Leave it</Button>
          <Button look="primary" type="submit" disabled={!good}>
            Rename
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

export function MoveDialog({
  folder,
  folders,
  onClose,
  onMove,
}: {
  folder: string;
  folders: string[];
  onClose: () => void;
  onMove: (folder: string) => void;
}) {
  const [text, setText] = useState(folder);
  const known = useId();
  const clean = text
    .split("/")
    .map((part) => part.trim())
    .filter(Boolean)
    .join("/");
  const bad = clean.split("/").some((part) => part !== "" && /^\.+$/.test(part));
  return (
    <Dialog open onClose={onClose} title="Move the recording">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (bad) return;
          if (clean !== folder) onMove(clean);
          onClose();
        }}
      >
        <DialogBody>
          <Field
            label="Folder"
            hint="With slashes between names; one that is not there yet is made. Empty is the top."
            error={bad ? "A name of dots alone cannot be a folder's." : undefined}
          >
            {(props) => (
              <Input
                {...props}
                list={known}
                value={text}
                maxLength={400}
                placeholder="shop/checkout"
                onChange={(event) => setText(event.target.value)}
              />
            )}
          </Field>
          <datalist id={known}>
            {folders.map((path) => (
              <option key={path} value={path} />
            ))}
          </datalist>
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Leave it</Button>
          <Button look="primary" type="submit" disabled={bad}>
            Move
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
