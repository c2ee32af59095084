import { expect, test, vi } from "vitest";
import { patient, setServerAway } from "./patient";

test("a part is loaded when the server is back, and not before", async () => {
  const load = vi.fn(async () => "module");
  const part = patient(load);
  setServerAway(true);
  const got = Promise.all([part(), part()]);
  await new Promise((done) => setTimeout(done));
  expect(load).not.toHaveBeenCalled();
  setServerAway(false);
  expect(await got).toEqual(["module", "module"]);
  expect(await part()).toBe("module");
});

test("a part that the server does not have is an error", async () => {
  await expect(patient(async () => Promise.reject(new Error("404")))()).rejects.toThrow("404");
});
