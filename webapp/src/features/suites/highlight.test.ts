import { expect, test } from "vitest";
import { highlight } from "./highlight";

const text = (code: string) =>
  highlight(code)
    .map((line) => line.map((piece) => piece.text).join(""))
    .join("\n");

test("no character is lost or changed, and markup stays text", () => {
  const code = [
    "// <b>bold</b> & “quotes”",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
    "const a = `one ${1 + 2}",
    "  two`;",
    "",
    "await page.goto('<script>');",
  ].join("\n");
  expect(text(code)).toBe(code);
  expect(text(`${code}\n`)).toBe(code);
});

test("what spans lines keeps its look on each of them", () => {
  const [first, second] = highlight("const a = `one\n  two`;");
  const look = (line: typeof first, part: string) =>
    line?.find((piece) => piece.text.includes(part))?.look;
  expect(look(first, "const")).toBe("text-(--ansi-5)");
  expect(look(first, "one")).toBe("text-(--ansi-2)");
  expect(look(second, "two")).toBe("text-(--ansi-2)");
  expect(look(second, ";")).toBe("");
});
