import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { useState } from "react";
import { Fault } from "@/components/fault";
import { Ago } from "@/components/time";
import { Button } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/field";
import { keys } from "@/features/live/keys";
import { recorder } from "@/lib/recorder-api";
import type { Editor } from "./use-editor";

/** Every version there ever was, the newest first. Each can be opened, and brought back. */
export default function VersionsView({
  id,
  latest,
  shown,
  editor,
}: {
  id: string;
  latest: number;
  /** The version that is looked at. */
  shown: number;
  editor: Editor;
}) {
  const versions = useQuery({
    queryKey: keys.recordingVersions(id),
    queryFn: ({ signal }) => recorder.versions(id, signal),
    gcTime: 0,
  });
  const [all, setAll] = useState(false);
  if (versions.isError) {
    return <Fault error={versions.error} retry={() => void versions.refetch()} />;
  }
  if (!versions.data) return <p className="p-6 text-sm text-ink-3">Reading the versions…</p>;
  const gathered = versions.data.filter((line) => line.gathered).length;
  const list = versions.data
    .filter((line) => all || !line.gathered || line.version === shown)
    .sort((a, b) => b.version - a.version);
  return (
    <div className="scroll-thin relative min-h-0 grow overflow-auto border-t border-line bg-panel">
      {gathered > 0 && (
        <label className="flex items-center gap-2 border-b border-line px-4 py-2 text-sm text-ink-2 md:px-6">
          <Checkbox checked={all} onChange={(event) => setAll(event.target.checked)} />
          Also what the recorder learned of steps afterwards ({gathered})
        </label>
      )}
      <table
        aria-label="Versions"
        className="w-full border-separate border-spacing-0 text-sm [&_td]:border-b [&_td]:border-line [&_td]:px-2 [&_td]:py-1.5 [&_th]:h-8 [&_th]:border-b [&_th]:border-line [&_th]:bg-ground [&_th]:px-2 [&_th]:text-left [&_th]:text-xs [&_th]:font-medium [&_th]:text-ink-3"
      >
        <thead>
          <tr>
            <th className="w-20 pl-4! text-right! md:pl-6!">Version</th>
            <th>What happened</th>
            <th className="max-sm:hidden">By</th>
            <th className="text-right!">When</th>
            <th className="pr-4! md:pr-6!">
              <span className="sr-only">Restore</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((line) => (
            <tr
              key={line.version}
              className={clsx("[content-visibility:auto]", line.version === shown && "bg-select")}
            >
              <td className="num text-right">{line.version}</td>
              <td>
                <Link
                  from="/recordings/$recordingId"
                  to="."
                  search={(old) => ({
                    ...old,
                    tab: undefined,
                    v: line.version === latest ? undefined : line.version,
                  })}
                  aria-current={line.version === shown ? "true" : undefined}
                  className="underline decoration-line-strong underline-offset-3 hover:decoration-ink"
                >
                  {line.what || line.type}
                </Link>
                <span className="ml-2 font-mono text-2xs text-ink-3 max-md:hidden">
                  {line.type}
                </span>
              </td>
              <td className="text-ink-2 max-sm:hidden">{line.actor}</td>
              <td className="text-right text-ink-2">
                <Ago time={line.at} />
              </td>
              <td className="pr-4! text-right md:pr-6!">
                {line.version !== latest && !editor.readOnly && (
                  <Button
                    size="sm"
                    disabled={editor.busy}
                    onClick={() => editor.edit({ op: "restoreVersion", version: line.version })}
                  >
                    Restore<span className="sr-only"> version {line.version}</span>
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
