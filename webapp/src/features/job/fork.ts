type Members = Record<string, unknown>;

/**
 * What turns one input into another, as a JSON Merge Patch (RFC 7396): members that differ with what they are now, null for those
 * that are gone. What is not an object stands as a whole.
 */
export function mergePatch(before: Members, after: Members): Members {
  const patch: Members = {};
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) patch[name] = null;
  for (const [name, now] of Object.entries(after)) {
    const was = before[name];
    if (isMembers(was) && isMembers(now)) {
      const inner = mergePatch(was, now);
      if (Object.keys(inner).length > 0) patch[name] = inner;
    } else if (JSON.stringify(was) !== JSON.stringify(now)) {
      patch[name] = now;
    }
  }
  return patch;
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads an input that somebody wrote; a text says what is wrong with it. */
export function readInput(text: string): Members | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : "it cannot be read"}.`;
  }
  return isMembers(value) ? value : "The input is an object: { … }.";
}
