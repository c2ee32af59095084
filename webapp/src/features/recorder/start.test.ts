import { expect, test } from "vitest";
import { readScript, type StartValues, sessionInput, startDefaults } from "./start";

const made = (values: Partial<StartValues>) =>
  sessionInput({ ...startDefaults, ...values }, "shop");

test("the address is all that is needed", () => {
  expect(made({ url: "shop.example" })).toEqual({
    input: {
      ...{ url: "https://shop.example", mode: "interactive", project: "shop" },
      viewport: { width: 1280, height: 800 },
    },
    faults: {},
  });
  expect(made({}).faults.url).toBeDefined();
  expect(made({ url: "ftp://a.example" }).faults.url).toBeDefined();
  expect(made({ url: "http://" }).faults.url).toBeDefined();
});

test("a phone is touched", () => {
  expect(made({ url: "a.example", screen: "phone" }).input).toMatchObject({
    ...{ viewport: { width: 390, height: 844 }, mobile: true, touch: true, deviceScaleFactor: 3 },
  });
});

test("an own size has bounds, a device a name", () => {
  const own = made({ url: "a.example", screen: "own", width: "50", height: "7e2" });
  expect(Object.keys(own.faults)).toEqual(["width", "height"]);
  expect(made({ url: "a.example", screen: "device" }).faults.device).toBeDefined();
  const device = made({ url: "a.example", screen: "device", device: "Pixel 7" }).input;
  expect(device).toMatchObject({ device: "Pixel 7" });
  expect(device).not.toHaveProperty("viewport");
});

test("secrets are only named", () => {
  const { input, faults } = made({
    ...{ url: "a.example", secrets: "pw\nlogin = vault/login", username: "mira" },
    ...{ passwordRef: "vault/http", headers: "X-Env: staging\nAuthorization: \u0024{secret:t}" },
  });
  expect(faults).toEqual({});
  expect(input).toMatchObject({
    secrets: [{ name: "pw" }, { name: "login", ref: "vault/login" }],
    httpCredentials: { username: "mira", passwordRef: "vault/http" },
    extraHeaders: { "X-Env": "staging", Authorization: "\u0024{secret:t}" },
  });
});

test("what belongs together is asked for together", () => {
  const { faults } = made({
    ...{ url: "a.example", username: "mira", proxyUsername: "p", headers: "nonsense" },
    ...{ secrets: "two words", slowMoMs: "soon", minutes: "0" },
  });
  expect(Object.keys(faults).sort()).toEqual(
    ["headers", "minutes", "passwordRef", "proxyServer", "secrets", "slowMoMs"].sort(),
  );
});

test("what is kept is only said when something is not", () => {
  expect(made({ url: "a.example" }).input).not.toHaveProperty("capture");
  const capture = { ...startDefaults.capture, video: false };
  expect(made({ url: "a.example", capture }).input.capture).toEqual(capture);
});

test("both kinds of script are told apart, with where they begin", () => {
  const own = readScript(
    JSON.stringify({
      ...{ format: "tapedeck.recording/1", name: "Pay", url: "https://a.example" },
      steps: [{ id: "1", type: "navigate" }],
    }),
  );
  expect(own).toMatchObject({ name: "Pay", input: { url: "https://a.example" } });
  const chrome = { title: "C", steps: [{ type: "navigate", url: "https://b.example" }] };
  expect(readScript(JSON.stringify(chrome))).toMatchObject({
    ...{ name: "C", input: { chromeRecording: chrome, url: "https://b.example" } },
  });
  for (const bad of ["", "{", "null", '{"steps":{}}', '{"steps":[]}']) {
    expect(readScript(bad)).toHaveProperty("fault");
  }
  const script = made({ mode: "script", script: JSON.stringify(chrome) });
  expect(script).toMatchObject({ faults: {}, input: { mode: "script", url: "https://b.example" } });
});
