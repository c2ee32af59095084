import { expect, test } from "vitest";
import type { Kind, Problem } from "@/lib/api";
import { asCurl } from "@/lib/curl";
import { checkOptions, mapErrors, noOptions, submissionOf } from "./submission";

const kind: Kind = { kind: "system.ping", title: "Ping", queue: "system", inputSchema: {} };

test("options that are left empty are not sent", () => {
  expect(submissionOf(kind, { a: 1 }, noOptions)).toEqual({ kind: "system.ping", input: { a: 1 } });
});

test("options become what the API takes", () => {
  const options = {
    ...noOptions,
    priority: "high" as const,
    labels: "env: staging\nurl:http://x:1\n",
    delay: " 30s ",
    maxAttempts: "5",
  };
  expect(submissionOf(kind, {}, options)).toEqual({
    kind: "system.ping",
    input: {},
    priority: "high",
    labels: { env: "staging", url: "http://x:1" },
    delay: "30s",
    retry: { maxAttempts: 5 },
  });
});

test("what cannot be meant is told by option", () => {
  expect(
    Object.keys(checkOptions({ ...noOptions, delay: "soon", maxAttempts: "0", labels: "x" })),
  ).toEqual(["delay", "maxAttempts", "labels"]);
  expect(checkOptions({ ...noOptions, delay: "1h30m", timeout: "250ms" })).toEqual({});
});

test("curl survives quotes in the input", () => {
  expect(asCurl("http://h", { kind: "k", input: { s: "it's" } })).toContain(`it'\\''s`);
});

test("a problem's errors find their fields, or the closest one above", () => {
  const problem: Problem = {
    type: "about:blank",
    title: "t",
    status: 422,
    code: "invalid",
    errors: [
      { path: "/input/lines", message: "too many" },
      { path: "/input/target/url/0", message: "odd" },
      { path: "/labels/env", message: "too long" },
      { path: "header/Idempotency-Key", message: "reused" },
    ],
  };
  expect(mapErrors(problem, new Set(["/input/lines", "/input/target", "/labels"]))).toEqual({
    fields: { "/input/lines": "too many", "/input/target": "odd", "/labels": "too long" },
    rest: ["header/Idempotency-Key: reused"],
  });
});
