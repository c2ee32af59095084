/** The index that a step has once it is dropped before the one at `before`; null where it is already. */
export function landing(
  steps: { id: string }[],
  id: string | null,
  before: number | null,
): number | null {
  const from = steps.findIndex((step) => step.id === id);
  if (from < 0 || before === null) return null;
  const to = before > from ? before - 1 : before;
  return to === from ? null : to;
}
