import { expect, test } from "vitest";
import type { Job } from "@/lib/api";
import { applyRows, compare, instantOf, type LoadedPages, matches } from "./list";
import { readJobsSearch } from "./search";

/** A job created at second n, so that a higher n is newer. */
function job(n: number, change: Partial<Job> = {}): Job {
  const at = new Date(n * 1000).toISOString();
  return {
    jobId: `j${String(n).padStart(3, "0")}`,
    project: "default",
    kind: "system.ping",
    status: "queued",
    queue: "system",
    priority: "normal",
    attempt: 0,
    maxAttempts: 3,
    createdAt: at,
    updatedAt: at,
    version: 1,
    ...change,
  };
}

function loaded(pages: number[][], more = true): LoadedPages {
  return {
    pages: pages.map((ns, i) => ({
      items: ns.map((n) => job(n)),
      cursor: "c",
      nextPage: i < pages.length - 1 || more ? `p${i}` : undefined,
    })),
    pageParams: pages.map(() => ""),
  };
}

const ids = (data: LoadedPages) =>
  data.pages.map((page) => page.items.map((item) => Number(item.jobId.slice(1))));

test("a newer version replaces the row and leaves all others as they are", () => {
  const data = loaded([[5, 4], [3]]);
  const { data: after } = applyRows(data, [job(4, { version: 2, status: "running" })], {});
  expect(after.pages[0]?.items[1]?.status).toBe("running");
  expect(after.pages[0]?.items[0]).toBe(data.pages[0]?.items[0]);
  expect(after.pages[1]).toBe(data.pages[1]);
});

test("an older version changes nothing, not even an identity", () => {
  const data = loaded([[5]]);
  const newer = applyRows(data, [job(5, { version: 3 })], {}).data;
  expect(applyRows(newer, [job(5, { version: 2, status: "running" })], {}).data).toBe(newer);
});

test("new jobs enter in order above, and are counted", () => {
  const { data, above } = applyRows(loaded([[5, 4]]), [job(7), job(6)], {});
  expect(ids(data)).toEqual([[7, 6, 5, 4]]);
  expect(above).toBe(2);
});

test("a job beyond what is loaded waits for its page, unless there is no other page", () => {
  expect(ids(applyRows(loaded([[5, 4]]), [job(1)], {}).data)).toEqual([[5, 4]]);
  expect(ids(applyRows(loaded([[5, 4]], false), [job(1)], {}).data)).toEqual([[5, 4, 1]]);
  expect(ids(applyRows(loaded([[]], false), [job(1)], {}).data)).toEqual([[1]]);
});

test("a job in between goes to its place, on its page", () => {
  expect(
    ids(
      applyRows(
        loaded([
          [9, 7],
          [5, 3],
        ]),
        [job(8), job(4)],
        {},
      ).data,
    ),
  ).toEqual([
    [9, 8, 7],
    [5, 4, 3],
  ]);
});

test("a job that stops matching leaves; one that starts to match enters", () => {
  const search = { status: ["queued" as const] };
  const rows = [
    job(5, { version: 2, status: "running" }),
    job(6, { version: 4 }),
    job(8, { status: "dead" }),
  ];
  expect(ids(applyRows(loaded([[7, 5, 4]]), rows, search).data)).toEqual([[7, 6, 4]]);
});

test("by last change, a changed job moves to the top and is there once", () => {
  const moved = job(4, { version: 2, updatedAt: new Date(60_000).toISOString() });
  const { data } = applyRows(loaded([[5, 4], [3]]), [moved], { sort: "-updatedAt" });
  expect(ids(data)).toEqual([[4, 5], [3]]);
});

test("of several rows of one job in a batch the last counts", () => {
  const rows = [job(5, { version: 2, status: "running" }), job(5, { version: 3, status: "dead" })];
  expect(applyRows(loaded([[5]]), rows, {}).data.pages[0]?.items[0]?.status).toBe("dead");
});

test("with a full text, what only the server can decide is counted, not guessed", () => {
  const result = applyRows(loaded([[5]]), [job(9), job(5, { version: 2 })], { q: "boom" });
  expect(ids(result.data)).toEqual([[5]]);
  expect(result.data.pages[0]?.items[0]?.version).toBe(2);
  expect(result.unknown).toBe(1);
});

test("in an order that only the server knows, rows stay where they are", () => {
  const rows = [job(9), job(4, { version: 2, attempt: 3 })];
  const result = applyRows(loaded([[5, 4]]), rows, { sort: "-attempt" });
  expect(ids(result.data)).toEqual([[5, 4]]);
  expect(result.data.pages[0]?.items[1]?.attempt).toBe(3);
  expect(result.unknown).toBe(1);
});

test.each([
  [{ kind: ["system.*"] }, true],
  [{ kind: ["sys"] }, false],
  [{ kind: ["x", "system.pin?"] }, true],
  [{ kind: ["system.ping.*"] }, false],
  [{ label: ["env:a:b"] }, true],
  [{ label: ["env:a:b", "team:x"] }, false],
  [{ queue: ["other"] }, false],
  [{ project: "default" }, true],
  [{ createdAfter: "-1m" }, true],
  [{ createdAfter: "-5s" }, false],
  [{ createdBefore: "1970-01-01T00:00:31Z" }, true],
  [{ createdBefore: "1970-01-01T00:00:30Z" }, false],
])("the filter %j holds: %s", (search, expected) => {
  expect(matches(job(30, { labels: { env: "a:b" } }), search, 60_000)).toBe(expected);
});

test("times of different precision keep their order, and equal ones are told apart by id", () => {
  const whole = job(1, { createdAt: "2026-01-01T00:00:05Z" });
  const later = job(2, { createdAt: "2026-01-01T00:00:05.1Z" });
  expect(compare(whole, later, {})).toBe(1);
  expect(compare(whole, later, { sort: "createdAt" })).toBe(-1);
  expect(compare(job(1), { ...job(1), jobId: "j999" }, { sort: "createdAt" })).toBe(-1);
});

test("relative times move with the clock", () => {
  expect(instantOf("-2h", 10_000_000)).toBe(2_800_000);
  expect(instantOf("1970-01-01T00:00:01Z", 0)).toBe(1000);
});

test("a search from the address bar keeps what it understands and drops the rest", () => {
  expect(
    readJobsSearch({
      status: ["failed", "nonsense"],
      kind: "a*",
      label: ["env:x", "broken", ":y"],
      sort: "size",
      createdAfter: "yesterday",
      createdBefore: "-1d",
      other: "1",
    }),
  ).toEqual({ status: ["failed"], kind: ["a*"], label: ["env:x"], createdBefore: "-1d" });
});
