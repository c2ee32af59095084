import type { CaseClass, CaseEdit, ReviewedCase, Standing } from "@/lib/suites-api";
import type { CaseType } from "./search";

export const standingNames: Record<Standing, string> = {
  proposed: "Proposed",
  edited: "Edited",
  accepted: "Accepted",
  rejected: "Rejected",
};
export const typeNames: Record<CaseType, string> = {
  positive: "Positive",
  negative: "Negative",
  edge: "Edge",
};
export const classNames: Record<CaseClass, string> = {
  "twin-proven": "Proven on the twin",
  "live-proven": "Proven live",
  "client-only": "Client only",
  manual: "Manual",
};
export const classHints: Record<CaseClass, string> = {
  "twin-proven": "A test of it holds on the recording’s network",
  "live-proven": "A test of it holds on a live environment",
  "client-only": "It can be shown in the browser alone, without the server",
  manual: "No test proves it yet",
};

type Content = Omit<CaseEdit, "by" | "reason">;

/** What people can write of a case. */
export function contentOf(one: Pick<ReviewedCase, keyof Content>): Content {
  const { title, type, priority, preconditions = [], tags = [], steps } = one;
  return {
    ...{ title, type, priority, preconditions, tags },
    steps: steps.map(({ stepId, action, data = "", expected = "" }) => ({
      ...{ stepId, action, data, expected },
    })),
  };
}

/** A case as lines of text, to compare one version of it with another. */
export function textOf(one: Pick<ReviewedCase, keyof Content>): string {
  const { title, type, priority, preconditions = [], tags = [], steps } = one;
  const lines = [
    title,
    `${typeNames[type]}, priority ${priority}`,
    ...(tags.length ? [`Tags: ${tags.join(", ")}`] : []),
    ...preconditions.map((each) => `Given: ${each}`),
  ];
  for (const [i, { action, data, expected }] of steps.entries()) {
    lines.push(`${i + 1}. ${action}`);
    if (data) lines.push(`   Data: ${data}`);
    if (expected) lines.push(`   Expected: ${expected}`);
  }
  return lines.join("\n");
}
