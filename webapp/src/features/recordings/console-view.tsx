import { clsx } from "clsx";
import { Terminal } from "lucide-react";
import { useState } from "react";
import { Fault, Notice } from "@/components/fault";
import { SearchBox } from "@/components/search-box";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { duration, integer } from "@/lib/time";
import { readConsole } from "./har";
import { useFile } from "./use-files";

const SHOWN = 1000;
const levels = ["error", "warning", "info", "log", "debug"];

/** What the pages wrote to their consoles. */
export default function ConsoleView({
  id,
  find,
  onFind,
}: {
  id: string;
  find: string;
  onFind: (text: string) => void;
}) {
  const file = useFile(id, "console.ndjson", readConsole);
  const [level, setLevel] = useState("");
  const [shown, setShown] = useState(SHOWN);
  if (file.isError) return <Fault error={file.error} retry={() => void file.refetch()} />;
  if (file.isPending) return <p className="p-6 text-sm text-ink-3">Reading the console…</p>;
  if (!file.data?.length) {
    return (
      <Notice icon={<Terminal />} title="The console is empty">
        No page wrote anything, or it was not kept.
      </Notice>
    );
  }
  const words = find.toLowerCase();
  const lines = file.data.filter(
    (line) => (!level || line.level === level) && line.text.toLowerCase().includes(words),
  );
  return (
    <div className="flex min-h-0 grow flex-col">
      <div className="flex shrink-0 flex-wrap items-center gap-3 px-4 py-2 md:px-6">
        <SearchBox
          name="Search the console"
          label="Search the console"
          placeholder="Search the console"
          text={find}
          onText={onFind}
        />
        <Select aria-label="Level" value={level} onChange={(event) => setLevel(event.target.value)}>
          <option value="">Every level</option>
          {levels.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
        <span className="num ml-auto text-sm text-ink-3" role="status">
          {integer(lines.length)} of {integer(file.data.length)}
        </span>
      </div>
      <section
        aria-label="Console"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
        tabIndex={0}
        className="scroll-thin relative min-h-0 grow overflow-auto border-t border-line bg-panel"
      >
        <ol className="font-mono text-xs leading-5">
          {lines.slice(0, shown).map((line) => (
            <li
              key={line.index}
              className={clsx(
                "flex gap-3 border-b border-line px-4 py-0.5 [content-visibility:auto] md:px-6",
                line.level === "error" && "bg-diff-del",
              )}
            >
              <span className="num w-16 shrink-0 text-right text-ink-3">
                {line.offsetMs === undefined ? "" : duration(line.offsetMs)}
              </span>
              <span
                className={clsx(
                  "w-16 shrink-0",
                  line.level === "error"
                    ? "text-danger"
                    : line.level.startsWith("warn")
                      ? "text-warn"
                      : "text-ink-3",
                )}
              >
                {line.level}
              </span>
              <span className="min-w-0 break-words whitespace-pre-wrap">{line.text}</span>
            </li>
          ))}
        </ol>
        {lines.length > shown && (
          <p className="p-3 text-center">
            <Button onClick={() => setShown((n) => n * 4)}>
              Show more of {integer(lines.length)}
            </Button>
          </p>
        )}
      </section>
    </div>
  );
}
