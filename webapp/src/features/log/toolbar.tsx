import { Copy, Download } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/field";
import { stripAnsi } from "@/lib/ansi";
import { copyText } from "@/lib/clipboard";
import { useSettled } from "@/lib/hooks";
import { useShortcuts } from "@/lib/shortcuts";
import { integer } from "@/lib/time";
import { notifyError } from "@/lib/toast";
import type { LogPlace } from "./log-view";
import { useLogText } from "./use-log";

export function Toolbar({
  jobId,
  attempts,
  attempt,
  total,
  shown,
  place,
  onPlace,
}: {
  jobId: string;
  attempts: number;
  attempt: number;
  total: number;
  shown: number | null;
  place: LogPlace;
  onPlace: (place: LogPlace) => void;
}) {
  const [typed, setTyped] = useState(place.find ?? "");
  const settled = useSettled(typed, 250);
  const box = useRef<HTMLInputElement>(null);
  const text = useLogText(jobId, attempt);
  useShortcuts([
    { keys: "/", label: "Find in the log", group: "This page", run: () => box.current?.focus() },
  ]);
  useEffect(() => {
    if (settled !== (place.find ?? "")) onPlace({ find: settled || undefined });
  }, [settled, place.find, onPlace]);

  const copy = async () => {
    try {
      await copyText(stripAnsi(await text()), `${integer(total)} lines copied`);
    } catch (error) {
      notifyError("The log could not be copied", error);
    }
  };
  const download = async () => {
    try {
      save(new Blob([await text(), "\n"], { type: "text/plain" }), `${jobId}-${attempt}.log`);
    } catch (error) {
      notifyError("The log could not be downloaded", error);
    }
  };
  return (
    <div className="flex flex-wrap items-center gap-2 px-4 py-2 md:px-6">
      <Select
        aria-label="Attempt"
        value={attempt}
        onChange={(event) =>
          onPlace({ attempt: Number(event.target.value), line: undefined, find: place.find })
        }
      >
        {Array.from({ length: Math.max(attempts, attempt) }, (_, i) => (
          <option key={i} value={i + 1}>
            Attempt {i + 1}
          </option>
        ))}
      </Select>
      <Select
        aria-label="Least level"
        value={place.level ?? ""}
        onChange={(event) => onPlace({ level: event.target.value || undefined })}
      >
        <option value="">All levels</option>
        <option value="info">Info and above</option>
        <option value="warn">Warnings and errors</option>
        <option value="error">Errors only</option>
      </Select>
      <Input
        ref={box}
        type="search"
        aria-label="Find in the log"
        placeholder="Find in the log"
        className="w-56!"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <span className="num text-xs text-ink-3" data-testid="log-total">
        {shown === null
          ? `${integer(total)} lines`
          : `${integer(shown)} of ${integer(total)} lines`}
      </span>
      <span className="ml-auto flex gap-1">
        <Button look="quiet" onClick={() => void copy()}>
          <Copy aria-hidden="true" /> Copy
        </Button>
        <Button look="quiet" onClick={() => void download()}>
          <Download aria-hidden="true" /> Download
        </Button>
      </span>
    </div>
  );
}

function save(blob: Blob, name: string) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
