import { expect, test } from "vitest";
import type { Step } from "@/lib/recording";
import { frameAt, lengthOf, readFilm, sampled, stepAt } from "./film";
import { foldersOf } from "./folders";
import { landing } from "./reorder";

const frames = [0, 100, 300].map((offsetMs) => ({ file: `${offsetMs}.jpg`, offsetMs }));
const step = (id: string, offsetMs?: number): Step => ({
  ...{ id, type: "click" },
  ...(offsetMs === undefined ? {} : { evidence: { offsetMs, durationMs: 50 } }),
});

test("the film is put into order, and what is no frame is left out", () => {
  const film = readFilm('[{"file":"b","offsetMs":9},{"file":"a","offsetMs":1},{"file":3}]');
  expect(film.map((frame) => frame.file)).toEqual(["a", "b"]);
  expect(readFilm(null)).toEqual([]);
  expect(readFilm("{}")).toEqual([]);
});

test("at a time the last frame until then is seen", () => {
  expect(frameAt(frames, 0)?.offsetMs).toBe(0);
  expect(frameAt(frames, 299)?.offsetMs).toBe(100);
  expect(frameAt(frames, 9999)?.offsetMs).toBe(300);
  expect(frameAt(frames, -5)?.offsetMs).toBe(0);
  expect(frameAt([], 5)).toBeUndefined();
  expect(sampled(frames, 400, 4).map((frame) => frame.offsetMs)).toEqual([0, 100, 100, 300]);
});

test("the step of a time is the last that was done, in whatever order they stand", () => {
  const steps = [step("late", 200), step("early", 100), step("written")];
  expect(stepAt(steps, 150)?.id).toBe("early");
  expect(stepAt(steps, 250)?.id).toBe("late");
  expect(stepAt(steps, 50)).toBeUndefined();
  expect(lengthOf(undefined, steps, frames)).toBe(300);
  expect(lengthOf(1000, steps, frames)).toBe(1000);
  expect(lengthOf(undefined, [], [])).toBe(1);
});

test("a dropped step lands where the line was", () => {
  const steps = ["a", "b", "c"].map((id) => ({ id }));
  expect(landing(steps, "a", 3)).toBe(2);
  expect(landing(steps, "a", 2)).toBe(1);
  expect(landing(steps, "c", 0)).toBe(0);
  expect(landing(steps, "b", 1)).toBeNull();
  expect(landing(steps, "b", 2)).toBeNull();
  expect(landing(steps, "x", 0)).toBeNull();
  expect(landing(steps, "a", null)).toBeNull();
});

test("folders hold what lies below them", () => {
  const told = [
    { name: "shop/pay", count: 2 },
    { name: "shop", count: 1 },
    { name: "", count: 5 },
  ];
  expect(foldersOf([], told)).toEqual([
    { path: "shop", count: 3 },
    { path: "shop/pay", count: 2 },
  ]);
});
