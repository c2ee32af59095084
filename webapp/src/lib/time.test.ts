import { expect, test } from "vitest";
import { ago, bytes, duration } from "./time";

test.each([
  [0, "0 ms"],
  [0.25, "0.3 ms"],
  [840, "840 ms"],
  [999.7, "1000 ms"],
  [4200, "4.2 s"],
  [59_949, "60 s"],
  [60_000, "1 m"],
  [192_000, "3 m 12 s"],
  [187_200_000, "2 d 4 h"],
  [-1500, "-1.5 s"],
  [Number.NaN, "–"],
])("duration of %d ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test("ago looks both ways", () => {
  expect(ago(1000, 1500)).toBe("now");
  expect(ago(0, 90_000)).toBe("1 m ago");
  expect(ago(90_000, 0)).toBe("in 1 m");
  expect(ago("nonsense", 0)).toBe("–");
});

test("bytes keep two digits", () => {
  expect([0, 999, 1000, 15_400, 999_600, 1e12].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "15 kB",
    "1.0 MB",
    "1.0 TB",
  ]);
});
