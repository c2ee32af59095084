import type { Action, Assertion, Candidate, Claim, Step, Target, Value } from "./recording";

/** The way to an element that is used: the chosen one, else the first that matched once. */
export function bestOf(target: Target | undefined): Candidate | undefined {
  if (!target) return undefined;
  const { chosen, candidates } = target;
  if (chosen) {
    return (
      candidates.find((each) => each.selector === chosen) ?? {
        by: "own",
        selector: chosen,
        matches: -1,
      }
    );
  }
  return candidates.find((each) => each.matches === 1) ?? candidates[0];
}

/** A locator as people write it. */
export function locatorText(target: Target | undefined): string {
  const best = bestOf(target);
  return best ? (best.locator ?? best.selector) : "";
}

export const actionNames: Record<Action, string> = {
  navigate: "Go to",
  click: "Click",
  fill: "Fill",
  press: "Press",
  check: "Check",
  uncheck: "Uncheck",
  select: "Select",
  upload: "Upload",
  hover: "Hover",
  drag: "Drag",
  scroll: "Scroll",
  dialog: "Dialog",
  download: "Download",
  openPage: "New tab",
  closePage: "Close tab",
  assert: "Assert",
  setViewport: "Viewport",
  wait: "Wait for",
};

export const claimNames: Record<Claim, string> = {
  visible: "is visible",
  hidden: "is hidden",
  text: "has text",
  value: "has value",
  checked: "is checked",
  enabled: "is enabled",
  count: "is found this many times",
  url: "address",
  title: "page title",
  attribute: "has attribute",
  ariaSnapshot: "has this accessibility tree",
};

/** Claims that compare with something. */
export function expects(claim: Claim): boolean {
  return !["visible", "hidden", "checked", "enabled"].includes(claim);
}

/** Claims whose comparison can be loose. */
export function matches(claim: Claim): boolean {
  return ["text", "url", "title"].includes(claim);
}

export function needsTarget(claim: Claim): boolean {
  return claim !== "url" && claim !== "title";
}

const matchWords: Record<string, string> = {
  contains: "containing",
  exact: "exactly",
  regex: "matching",
};

/** An assertion in a line: `has text containing “Paid”`. */
export function assertionText({ claim, not, name, expected, match }: Assertion): string {
  const words = claimNames[claim] ?? claim;
  const said = not ? negated(words) : words;
  const way = matches(claim) ? `${matchWords[match || "contains"] ?? match} ` : "";
  const what = claim === "attribute" && name ? `${said} ${name} =` : said;
  if (!expects(claim) || claim === "ariaSnapshot") return what;
  return `${what} ${way}“${short(expected ?? "")}”`;
}

function negated(words: string): string {
  if (words.startsWith("is ")) return `is not ${words.slice(3)}`;
  if (words.startsWith("has ")) return `has not ${words.slice(4)}`;
  return `${words} not`;
}

/** One line for people: the recorded title, else one made of the parts. */
export function titleOf(step: Step): string {
  if (step.title) return step.title;
  const name = actionNames[step.type] ?? step.type;
  const detail = detailOf(step);
  return detail ? `${name} ${detail}` : name;
}

function detailOf(step: Step): string {
  const element = elementText(step.target);
  switch (step.type) {
    case "navigate":
      return step.history ?? step.url ?? "";
    case "press":
      return [...(step.modifiers ?? []), step.key].join("+");
    case "fill":
      return step.value ? `${element} with ${valueText(step.value)}` : element;
    case "select":
      return `${(step.values ?? []).map(valueText).join(", ")} in ${element}`;
    case "assert":
      return [element, step.assertion && assertionText(step.assertion)].filter(Boolean).join(" ");
    case "drag":
      return `${element} to ${elementText(step.to)}`;
    case "dialog":
      return `${step.dialog?.kind ?? ""} ${step.dialog?.accept ? "accepted" : "dismissed"}`;
    case "upload":
    case "download":
      return (step.files ?? []).map((file) => file.name).join(", ");
    case "setViewport":
      return step.viewport ? `${step.viewport.width} × ${step.viewport.height}` : "";
    default:
      return element;
  }
}

/** An element in words: `button “Save”`, or its locator. */
export function elementText(target: Target | undefined): string {
  const facts = target?.element;
  const name = facts?.name || facts?.text;
  if (facts && name) return `${facts.role || facts.tag} “${short(name)}”`;
  return locatorText(target);
}

export function valueText(value: Value): string {
  if (value.secret) return `secret ${value.secret}`;
  if (value.variable) return `{${value.variable}}`;
  return `“${short(value.text)}”`;
}

function short(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** An id for a step that is written here. */
export function newStepId(): string {
  const random = crypto.getRandomValues(new Uint32Array(3));
  return `e-${[...random].map((n) => n.toString(36)).join("")}`;
}
