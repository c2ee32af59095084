import { expect, test } from "vitest";
import { parseAnsi, stripAnsi } from "./ansi";

const ESC = "\u001b";

test("plain text is one span, an empty line none", () => {
  expect(parseAnsi("hello")).toEqual([{ text: "hello" }]);
  expect(parseAnsi("")).toEqual([]);
});

test("colours and weights start and end", () => {
  expect(parseAnsi(`a${ESC}[1;31mred${ESC}[22;39m b`)).toEqual([
    { text: "a" },
    { text: "red", bold: true, fg: "ansi-1" },
    { text: " b", bold: undefined, dim: undefined, fg: undefined },
  ]);
  expect(parseAnsi(`${ESC}[92mok${ESC}[m.`)).toEqual([
    { text: "ok", fg: "ansi-10" },
    { text: "." },
  ]);
});

test.each([
  ["38;5;9", "ansi-9"],
  ["38;5;196", "rgb(255 0 0)"],
  ["38;5;244", "rgb(128 128 128)"],
  ["38;2;1;2;3", "rgb(1 2 3)"],
  ["38:2:1:2:3", "rgb(1 2 3)"],
])("extended colour %s", (code, fg) => {
  expect(parseAnsi(`${ESC}[${code}mx`)).toEqual([{ text: "x", fg }]);
});

test("a broken extended colour neither throws nor colours", () => {
  expect(parseAnsi(`${ESC}[38;5;999mx${ESC}[38mx`).every((s) => s.fg === undefined)).toBe(true);
});

test("other escape sequences vanish: cursor moves, titles, links", () => {
  const line = `${ESC}[2K${ESC}]0;title\u0007a${ESC}]8;;http://x${ESC}\\b${ESC}[1A`;
  expect(parseAnsi(line).map((s) => s.text)).toEqual(["a", "b"]);
  expect(stripAnsi(line)).toBe("ab");
});

test("a carriage return overwrites, as progress bars do", () => {
  expect(parseAnsi("10%\r50%\r100%\r")).toEqual([{ text: "100%" }]);
});
