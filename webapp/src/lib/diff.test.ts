import { expect, test } from "vitest";
import { diff, pathText } from "./diff";

test("equal values differ in nothing, whatever their depth", () => {
  const value = { a: [1, { b: null }], c: "x" };
  expect(diff(value, structuredClone(value))).toEqual([]);
});

test("names what was added, removed and changed", () => {
  expect(diff({ a: 1, b: 2, c: { d: [1, 2] } }, { b: 3, c: { d: [1, 2, 9] }, e: null })).toEqual([
    { path: ["b"], op: "changed", before: 2, after: 3 },
    { path: ["c", "d", "2"], op: "added", after: 9 },
    { path: ["e"], op: "added", after: null },
    { path: ["a"], op: "removed", before: 1 },
  ]);
});

test("a change of type is one change, not a walk", () => {
  expect(diff({ a: { b: 1 } }, { a: [1] })).toEqual([
    { path: ["a"], op: "changed", before: { b: 1 }, after: [1] },
  ]);
});

test("a path reads as code does", () => {
  expect(pathText(["input", "items", "2", "name"])).toBe("input.items[2].name");
});
