/** One difference between two JSON values, at a JSON Pointer-like path. */
export interface Change {
  path: string[];
  op: "added" | "removed" | "changed";
  before?: unknown;
  after?: unknown;
}

/** What turned `before` into `after`, in the order of after's keys. Arrays are compared by index. */
export function diff(before: unknown, after: unknown, path: string[] = []): Change[] {
  if (Object.is(before, after)) return [];
  if (isRecord(before) && isRecord(after)) return diffKeys(before, after, path);
  if (Array.isArray(before) && Array.isArray(after)) {
    return diffKeys({ ...before }, { ...after }, path);
  }
  if (before === undefined) return [{ path, op: "added", after }];
  if (after === undefined) return [{ path, op: "removed", before }];
  return [{ path, op: "changed", before, after }];
}

function diffKeys(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  path: string[],
): Change[] {
  const changes: Change[] = [];
  for (const key of Object.keys(after)) {
    changes.push(...diff(before[key], after[key], [...path, key]));
  }
  for (const key of Object.keys(before)) {
    if (!(key in after)) changes.push(...diff(before[key], undefined, [...path, key]));
  }
  return changes;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The path as a person reads it: `input.items[2].name`. */
export function pathText(path: string[]): string {
  return path
    .map((part, i) => (/^\d+$/.test(part) ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join("");
}
