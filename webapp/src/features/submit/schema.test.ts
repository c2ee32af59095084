import { expect, test } from "vitest";
import { fieldName, fieldsOf, inputFrom, pointer, type Schema, typedFrom } from "./schema";

const schema: Schema = {
  type: "object",
  required: ["message"],
  properties: {
    message: { type: "string", minLength: 2 },
    lines: { type: "integer", minimum: 0, maximum: 10, default: 3 },
    stubborn: { type: "boolean" },
    mode: { type: "string", enum: ["calm", "bursty"] },
    tags: { type: "array", items: { type: "string" } },
    target: {
      type: "object",
      properties: { baseUrl: { type: "string" }, "a/b": { $ref: "#/$defs/depth" } },
    },
    anything: {},
  },
  $defs: { depth: { type: ["integer", "null"], title: "Depth" } },
};
const fields = fieldsOf(schema);

test("each property gets a control that fits, references and nullable types too", () => {
  expect(fields.map((field) => field.control)).toEqual([
    "text",
    "number",
    "checkbox",
    "choice",
    "lines",
    "group",
    "json",
  ]);
  expect(fields[5]?.fields.map((f) => [f.control, pointer(f.path)])).toEqual([
    ["text", "/target/baseUrl"],
    ["number", "/target/a~1b"],
  ]);
  expect(fields[5]?.fields.map(fieldName)).toEqual(["Base url", "Depth"]);
});

test("defaults are shown; untouched optional fields are left to the server", () => {
  const typed = typedFrom(fields);
  expect(typed["/lines"]).toBe("3");
  expect(inputFrom(fields, { ...typed, "/message": "hello" })).toEqual({
    input: { message: "hello" },
    faults: [],
  });
  expect(inputFrom(fields, { ...typed, "/message": "hello", "/lines": "4" }).input).toEqual({
    message: "hello",
    lines: 4,
  });
});

test("an input that is shown and sent again is the same", () => {
  const input = {
    message: "hi",
    lines: 7,
    stubborn: true,
    mode: "bursty",
    tags: ["a", "b"],
    target: { baseUrl: "http://x", "a/b": 4 },
    anything: { deep: [1] },
  };
  expect(inputFrom(fields, typedFrom(fields, input))).toEqual({ input, faults: [] });
});

test.each([
  ["/message", "", "This is needed."],
  ["/message", "x", "At least 2 characters are needed."],
  ["/lines", "many", "This is not a number."],
  ["/lines", "1.5", "A whole number is needed."],
  ["/lines", "11", "At most 10 is allowed."],
  ["/lines", "-1", "At least 0 is needed."],
  ["/anything", "{", "This is not JSON."],
])("%s = %j is a fault", (path, value, message) => {
  const { faults } = inputFrom(fields, {
    ...typedFrom(fields),
    "/message": "hello",
    [path]: value,
  });
  expect(faults).toEqual([{ path, message }]);
});

test("properties come in the order that the schema names, others behind them", () => {
  const ordered: Schema = {
    properties: { a: {}, b: {}, c: {}, d: {} },
    "x-order": ["c", "a"],
  };
  expect(fieldsOf(ordered).map((field) => field.path[0])).toEqual(["c", "a", "b", "d"]);
});
