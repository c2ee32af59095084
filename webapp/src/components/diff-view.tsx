import { clsx } from "clsx";
import { type DiffLine, lineDiff } from "@/lib/line-diff";

/** Lines beside a change that are shown; what is further away is folded. */
const AROUND = 3;

/** How two texts differ, line by line; of a line that was changed the part that differs stands out. */
export function DiffView({ before, after }: { before: string; after: string }) {
  const lines = folded(lineDiff(before, after));
  if (lines.length === 0) return <p className="text-sm">The text is the same.</p>;
  return (
    <div className="font-mono text-xs">
      {lines.map((line, i) => (
        <Line key={i} line={line} />
      ))}
    </div>
  );
}

interface ShownLine extends DiffLine {
  /** The part of the text that its counterpart has otherwise, from … to. */
  part?: [number, number];
}

const looks = {
  same: { sign: "", spoken: "", line: "", part: "" },
  added: { sign: "+", spoken: "added:", line: "bg-diff-add", part: "bg-diff-add-strong" },
  removed: { sign: "−", spoken: "removed:", line: "bg-diff-del", part: "bg-diff-del-strong" },
};

function Line({ line }: { line: ShownLine | null }) {
  if (!line) return <div className="py-1 text-center text-ink-3">⋯</div>;
  const { op, text, part } = line;
  const look = looks[op];
  return (
    <div className={clsx("flex gap-2 px-2 wrap-anywhere whitespace-pre-wrap", look.line)}>
      <span className="w-2 shrink-0 text-ink-3 select-none">
        {look.sign}
        <span className="sr-only">{look.spoken}</span>
      </span>
      <span className="min-w-0">
        {part ? (
          <>
            {text.slice(0, part[0])}
            <span className={clsx("rounded-xs font-semibold", look.part)}>
              {text.slice(part[0], part[1])}
            </span>
            {text.slice(part[1])}
          </>
        ) : (
          text
        )}
      </span>
    </div>
  );
}

/** The changes with a few lines around each; null stands for what lies between. Nothing for no change. */
export function folded(lines: DiffLine[]): (ShownLine | null)[] {
  const near = new Set<number>();
  for (const [i, { op }] of lines.entries()) {
    if (op === "same") continue;
    for (let j = i - AROUND; j <= i + AROUND; j++) near.add(j);
  }
  const out: (ShownLine | null)[] = [];
  for (const [i, line] of parted(lines).entries()) {
    if (near.has(i)) out.push(line);
    else if (near.size > 0 && out.at(-1) !== null) out.push(null);
  }
  return out;
}

/** Marks what differs where as many lines came as went. */
function parted(lines: DiffLine[]): ShownLine[] {
  const out: ShownLine[] = lines.slice();
  for (let i = 0; i < lines.length; i++) {
    const gone = stretch(lines, i, "removed");
    const come = stretch(lines, i + gone, "added");
    if (gone > 0 && gone === come) {
      for (let j = i; j < i + gone; j++) {
        const [a, b] = [lines[j]?.text ?? "", lines[j + gone]?.text ?? ""];
        const [from, tail] = commonEnds(a, b);
        if (from + tail === 0) continue;
        out[j] = { op: "removed", text: a, part: [from, a.length - tail] };
        out[j + gone] = { op: "added", text: b, part: [from, b.length - tail] };
      }
    }
    i += Math.max(0, gone + come - 1);
  }
  return out;
}

function stretch(lines: DiffLine[], from: number, op: DiffLine["op"]): number {
  let n = 0;
  while (lines[from + n]?.op === op) n++;
  return n;
}

/** How many characters two texts begin with alike, and end with behind that. */
function commonEnds(a: string, b: string): [head: number, tail: number] {
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < most - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  return [head, tail];
}
