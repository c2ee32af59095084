import { expect, test } from "vitest";
import { mergePatch, readInput } from "./fork";

test("a patch has what differs, and null for what is gone", () => {
  const before = { a: 1, b: { c: [1, 2], d: "x" }, e: true, same: { f: 1 } };
  const after = { a: 2, b: { c: [1, 2, 3] }, same: { f: 1 }, more: { g: [] } };
  expect(mergePatch(before, after)).toEqual({
    ...{ a: 2, b: { c: [1, 2, 3], d: null }, e: null, more: { g: [] } },
  });
  expect(mergePatch(before, structuredClone(before))).toEqual({});
  expect(mergePatch({ a: { b: 1 } }, { a: [1] })).toEqual({ a: [1] });
});

test("an input that is none says what is wrong", () => {
  expect(readInput('{"a":1}')).toEqual({ a: 1 });
  expect(readInput("{a}")).toMatch(/^This is no JSON: /);
  expect(readInput("[1]")).toBe("The input is an object: { … }.");
});
