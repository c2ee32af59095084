import { expect, test } from "vitest";
import { bodyText, laidOut, readConsole, readHar } from "./har";

const har = (...entries: object[]) => JSON.stringify({ log: { entries } });

test("a row is read from an entry, whatever is missing of it", () => {
  const rows = readHar(
    har(
      {
        startedDateTime: "2026-01-01T00:00:01.500Z",
        time: 20,
        request: { method: "POST", url: "https://a.example/b?c=1" },
        response: { status: 201, content: { size: 10, mimeType: "application/json" } },
      },
      { startedDateTime: "2026-01-01T00:00:01Z" },
      { request: { url: "wss://a.example" }, _webSocketMessages: [] },
    ),
  );
  expect(rows[0]).toMatchObject({
    ...{ method: "POST", host: "a.example", path: "/b?c=1", status: 201, kind: "fetch" },
    ...{ size: 10, offsetMs: 500, tookMs: 20, error: "" },
  });
  expect(rows[1]).toMatchObject({ offsetMs: 0, status: 0, kind: "other" });
  expect(rows[2]?.kind).toBe("socket");
});

test("the kind is the told one, else what the content says", () => {
  const kinds = readHar(
    har(
      { _resourceType: "stylesheet" },
      { response: { content: { mimeType: "image/png" } } },
      { response: { content: { mimeType: "text/html" } } },
      { response: { content: { mimeType: "text/javascript" } } },
    ),
  ).map((row) => row.kind);
  expect(kinds).toEqual(["style", "image", "document", "script"]);
});

test("what is no HAR is told", () => {
  expect(() => readHar("{}")).toThrow("no entries");
  expect(() => readHar("<html>")).toThrow();
});

test("bodies are text only when they are", () => {
  expect(bodyText({ text: "a" })).toBe("a");
  const base64 = btoa(String.fromCharCode(...new TextEncoder().encode('{"ä":1}')));
  expect(bodyText({ text: base64, encoding: "base64", mimeType: "application/json" })).toBe(
    '{"ä":1}',
  );
  expect(bodyText({ text: base64, encoding: "base64", mimeType: "image/png" })).toBeNull();
  expect(bodyText({ text: "!", encoding: "base64", mimeType: "text/plain" })).toBeNull();
  expect(bodyText(undefined)).toBeNull();
  expect(laidOut('{"a":[1]}')).toContain("\n");
  expect(laidOut("{broken")).toBe("{broken");
});

test("console lines that cannot be read are passed over", () => {
  const rows = readConsole('{"level":"error","text":"no","offsetMs":5}\nbroken\n{"text":"log"}\n');
  expect(rows).toEqual([
    { index: 0, level: "error", text: "no", offsetMs: 5 },
    { index: 2, level: "log", text: "log" },
  ]);
});
