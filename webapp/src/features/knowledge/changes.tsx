import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import { Fault } from "@/components/fault";
import { Dialog, DialogBody } from "@/components/ui/dialog";
import { knowledge } from "@/lib/knowledge-api";
import { type DiffLine, lineDiff } from "@/lib/line-diff";
import { keys } from "./keys";

/** Lines beside a change that are shown; what is further away is folded. */
const AROUND = 3;

/** What a version changed in the text of the one before it. */
export default function Changes({
  documentId,
  from,
  to,
  onClose,
}: {
  documentId: string;
  from: number;
  to: number;
  onClose: () => void;
}) {
  const query = useQuery({
    queryKey: keys.textChange(documentId, from, to),
    queryFn: async ({ signal }) => {
      const [before, after] = await Promise.all([
        knowledge.text(documentId, from, signal),
        knowledge.text(documentId, to, signal),
      ]);
      return folded(lineDiff(before, after));
    },
  });
  return (
    <Dialog open wide onClose={onClose} title={`Version ${from} to ${to}`}>
      <DialogBody>
        {query.isError && <Fault error={query.error} retry={() => void query.refetch()} />}
        {query.isPending && <p role="status">Loading both texts…</p>}
        {query.data && (
          <div className="mb-3 font-mono text-xs">
            {query.data.length === 0 && <p className="font-sans text-sm">The text is the same.</p>}
            {query.data.map((line, i) => (
              <Line key={i} line={line} />
            ))}
          </div>
        )}
      </DialogBody>
    </Dialog>
  );
}

function Line({ line }: { line: DiffLine | null }) {
  if (!line) return <div className="py-1 text-center text-ink-3">⋯</div>;
  const { op, text } = line;
  return (
    <div
      className={clsx(
        "flex gap-2 px-2 break-words whitespace-pre-wrap",
        op === "added" && "bg-diff-add",
        op === "removed" && "bg-diff-del",
      )}
    >
      <span className="w-2 shrink-0 text-ink-3 select-none">
        {op === "added" ? "+" : op === "removed" ? "−" : ""}
        <span className="sr-only">
          {op === "added" ? "added:" : op === "removed" ? "removed:" : ""}
        </span>
      </span>
      <span className="min-w-0">{text}</span>
    </div>
  );
}

/** The changes with a few lines around each; null stands for what lies between. Nothing for no change. */
function folded(lines: DiffLine[]): (DiffLine | null)[] {
  const near = new Set<number>();
  for (const [i, { op }] of lines.entries()) {
    if (op === "same") continue;
    for (let j = i - AROUND; j <= i + AROUND; j++) near.add(j);
  }
  const out: (DiffLine | null)[] = [];
  for (const [i, line] of lines.entries()) {
    if (near.has(i)) out.push(line);
    else if (near.size > 0 && out.at(-1) !== null) out.push(null);
  }
  return out;
}
