/** A line of a text's change: in both, only before, or only after. */
export interface DiffLine {
  op: "same" | "removed" | "added";
  text: string;
}

/** Beyond so many pairs of lines the two texts are shown one after the other. */
const MOST = 4_000_000;

/**
 * What turned one text into another, line by line, by their longest common subsequence. Lines that
 * begin and end both are set aside first, so that a small change of a long text is found at once.
 */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) {
    tail++;
  }
  const same = (lines: string[]) => lines.map((text) => ({ op: "same", text }) as const);
  return [
    ...same(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ];
}

function middle(a: string[], b: string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ op: "removed", text });
  const added = (text: string): DiffLine => ({ op: "added", text });
  if (a.length * b.length > MOST) return [...a.map(removed), ...b.map(added)];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width); // of what lies behind i and j
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  const out: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      out.push({ op: "same", text: left });
      i++;
      j++;
    } else if (
      left !== undefined &&
      (right === undefined ||
        (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      out.push(removed(left));
      i++;
    } else {
      out.push(added(right as string));
      j++;
    }
  }
  return out;
}
