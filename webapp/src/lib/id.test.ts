import { expect, test } from "vitest";
import { shortId } from "./id";

test("a short id is a whole group of the id, so that the search finds it", () => {
  const id = "01a214ea-16f6-735c-9a2e-e123791a456a";
  expect(id.split("-")).toContain(shortId(id));
  expect(shortId("job-1")).toBe("job-1");
});
