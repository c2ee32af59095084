import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { explain } from "@/lib/api";
import { type ExportFormat, type Standing, testCases } from "@/lib/suites-api";
import { notify } from "@/lib/toast";
import { keys } from "./keys";
import { standings } from "./search";
import { MOST_REASON, NameField } from "./word-dialog";
import { standingNames } from "./words";

export const formatNames: Record<ExportFormat, string> = {
  xlsx: "Excel",
  csv: "CSV",
  markdown: "Markdown",
  gherkin: "Gherkin",
};

/** Hands cases out as a file; their history then says to whom and why. */
export default function ExportDialog({
  jobId,
  by,
  onBy,
  onClose,
}: {
  jobId: string;
  by: string;
  onBy: (by: string) => void;
  onClose: () => void;
}) {
  const [format, setFormat] = useState<ExportFormat>("xlsx");
  const [chosen, setChosen] = useState<Standing[]>(["accepted"]);
  const [name, setName] = useState(by);
  const [reason, setReason] = useState("");
  const [template, setTemplate] = useState<File | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: () => {
      const word = { by: name.trim(), ...(reason.trim() ? { reason: reason.trim() } : {}) };
      const own = format === "xlsx" && template ? template : undefined;
      return testCases.export(jobId, format, chosen, word, own);
    },
    onSuccess: (file) => {
      onBy(name.trim());
      save(file);
      notify("The cases were handed out", file.name);
      void client.invalidateQueries({ queryKey: keys.cases(jobId) });
      onClose();
    },
  });
  const ready = name.trim() !== "" && chosen.length > 0 && !send.isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) send.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Hand cases out"
      description="As a file, and with a word in their history of who took them and why."
    >
      <form onSubmit={submit} className="contents">
        <DialogBody>
          <div className="flex flex-col gap-4">
            <Field label="Format">
              {(props) => (
                <Select
                  {...props}
                  value={format}
                  onChange={(event) => setFormat(event.target.value as ExportFormat)}
                >
                  {Object.entries(formatNames).map(([value, label]) => (
                    <option key={value} value={value}>
                      {label}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
            <fieldset className="flex flex-wrap gap-x-4 gap-y-1.5">
              <legend className="mb-1 text-sm font-medium">Cases that are</legend>
              {standings.map((standing) => (
                <label key={standing} className="flex items-center gap-2 text-sm">
                  <Checkbox
                    checked={chosen.includes(standing)}
                    onChange={(event) =>
                      setChosen((old) =>
                        event.target.checked
                          ? [...old, standing]
                          : old.filter((each) => each !== standing),
                      )
                    }
                  />
                  {standingNames[standing].toLowerCase()}
                </label>
              ))}
            </fieldset>
            {format === "xlsx" && (
              <Field
                label="Template"
                hint="A workbook with cells such as {{title}} or {{step}}; without one, a plain table."
              >
                {({ id, "aria-describedby": described }) => (
                  <div className="flex min-w-0 items-center gap-3">
                    <input
                      ref={input}
                      type="file"
                      hidden
                      aria-label="Template workbook"
                      accept=".xlsx"
                      onChange={(event) => setTemplate(event.target.files?.[0] ?? template)}
                    />
                    <Button
                      id={id}
                      aria-describedby={described}
                      onClick={() => input.current?.click()}
                    >
                      {template ? "Choose another…" : "Choose an .xlsx…"}
                    </Button>
                    {template && (
                      <>
                        <span className="min-w-0 truncate text-sm">{template.name}</span>
                        <Button look="quiet" size="sm" onClick={() => setTemplate(null)}>
                          Without it
                        </Button>
                      </>
                    )}
                  </div>
                )}
              </Field>
            )}
            <Field label="Reason" hint="For whom, or for what; it may be left out.">
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
            {send.isError && (
              <p role="alert" className="text-sm wrap-anywhere text-danger">
                {explain(send.error)}
              </p>
            )}
          </div>
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Leave it</Button>
          <Button look="primary" type="submit" disabled={!ready}>
            {send.isPending ? "Writing…" : "Hand out"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function save({ blob, name }: { blob: Blob; name: string }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
