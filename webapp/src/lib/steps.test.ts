import { expect, test } from "vitest";
import type { Target } from "./recording";
import { assertionText, bestOf, elementText, titleOf, valueText } from "./steps";

const target: Target = {
  candidates: [
    { by: "text", selector: "t", locator: "getByText('Save')", matches: 3 },
    { by: "role", selector: "r", locator: "getByRole('button')", matches: 1 },
    { by: "css", selector: "button", matches: 1 },
  ],
  element: { tag: "button", role: "button", name: "Save" },
};

test("the chosen way is used, else the first that matched once, else the first", () => {
  expect(bestOf(target)?.by).toBe("role");
  expect(bestOf({ ...target, chosen: "button" })?.by).toBe("css");
  expect(bestOf({ ...target, chosen: "#own" })).toMatchObject({ selector: "#own", matches: -1 });
  expect(bestOf({ candidates: target.candidates.slice(0, 1) })?.by).toBe("text");
  expect(bestOf({ candidates: [] })).toBeUndefined();
});

test("a step without a title is put into words", () => {
  const at = { id: "1", target };
  expect(titleOf({ ...at, type: "click", title: "Mine" })).toBe("Mine");
  expect(titleOf({ ...at, type: "click" })).toBe("Click button “Save”");
  expect(titleOf({ id: "1", type: "navigate", url: "https://a.example" })).toBe(
    "Go to https://a.example",
  );
  expect(titleOf({ id: "1", type: "press", key: "s", modifiers: ["Control"] })).toBe(
    "Press Control+s",
  );
  expect(titleOf({ ...at, type: "fill", value: { text: "•••", secret: "pw" } })).toBe(
    "Fill button “Save” with secret pw",
  );
  expect(titleOf({ ...at, type: "assert", assertion: { claim: "visible", not: true } })).toBe(
    "Assert button “Save” is not visible",
  );
});

test("assertions are put into words", () => {
  expect(assertionText({ claim: "text", expected: "Paid" })).toBe("has text containing “Paid”");
  expect(assertionText({ claim: "url", expected: "/x", match: "regex" })).toBe(
    "address matching “/x”",
  );
  expect(assertionText({ claim: "attribute", name: "href", expected: "/a" })).toBe(
    "has attribute href = “/a”",
  );
  expect(assertionText({ claim: "ariaSnapshot", expected: "- main" })).not.toContain("main");
});

test("values say what they stand for, and long ones are cut", () => {
  expect(valueText({ text: "x", variable: "v" })).toBe("{v}");
  expect(valueText({ text: "a".repeat(99) })).toHaveLength(62);
  expect(elementText({ candidates: [{ by: "css", selector: "#a", matches: 1 }] })).toBe("#a");
});
