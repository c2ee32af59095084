import type { components } from "./api.gen";

/** What a passage can demand. */
export type Requirement = components["schemas"]["RequirementType"];

export const requirementNames: Record<Requirement, string> = {
  must: "Must",
  should: "Should",
  may: "May",
  criterion: "Criterion",
  scenario: "Scenario",
  rule: "Rule",
};
