import { expect, test } from "vitest";
import { lineDiff } from "./line-diff";

const shown = (before: string, after: string) =>
  lineDiff(before, after).map(
    ({ op, text }) => ({ same: " ", removed: "-", added: "+" })[op] + text,
  );

test.each([
  ["a\nb\nc", "a\nb\nc", [" a", " b", " c"]],
  ["a\nb\nc", "a\nx\nc", [" a", "-b", "+x", " c"]],
  ["a\nc", "a\nb\nc", [" a", "+b", " c"]],
  ["a\nb\nc\nd", "b\nd\ne", ["-a", " b", "-c", " d", "+e"]],
  ["", "a", ["-", "+a"]],
])("%j to %j", (before, after, lines) => expect(shown(before, after)).toEqual(lines));

test("every line of both texts is there, in its order", () => {
  const rng = (n: number) => Math.floor(Math.abs(Math.sin(n) * 1e6)) % 4;
  for (let seed = 1; seed < 60; seed++) {
    const text = (from: number) => Array.from({ length: 12 }, (_, i) => rng(seed * 31 + from + i));
    const [a, b] = [text(0).join("\n"), text(500).join("\n")];
    const lines = lineDiff(a, b);
    const of = (op: string) => lines.filter((l) => l.op !== op).map((l) => l.text);
    expect(of("added").join("\n")).toBe(a);
    expect(of("removed").join("\n")).toBe(b);
  }
});

test("long texts that have nothing in common come one after the other", () => {
  const many = (word: string) => Array.from({ length: 3000 }, (_, i) => word + i).join("\n");
  expect(lineDiff(many("a"), many("b"))).toHaveLength(6000);
});
