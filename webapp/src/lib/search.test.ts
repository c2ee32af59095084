import { expect, test } from "vitest";
import { count, many, one, parseSearch, stringifySearch } from "./search";

test("repeated parameters survive the round trip, in the API's own grammar", () => {
  const text = "?status=failed&status=dead&q=a+b%26c";
  expect(parseSearch(text)).toEqual({ status: ["failed", "dead"], q: "a b&c" });
  expect(stringifySearch(parseSearch(text))).toBe(text);
});

test("what is not set is not written", () => {
  expect(stringifySearch({ a: undefined, b: "", c: [], d: 0 })).toBe("?d=0");
  expect(stringifySearch({})).toBe("");
});

test("readers take one, many or a number, and nothing else", () => {
  const raw = { a: ["x", "y"], n: "12", bad: "1e9" };
  expect([one(raw, "a"), many(raw, "a"), many(raw, "n"), many(raw, "z")]).toEqual([
    "x",
    ["x", "y"],
    ["12"],
    undefined,
  ]);
  expect([count(raw, "n"), count(raw, "bad"), count(raw, "z")]).toEqual([12, undefined, undefined]);
});
