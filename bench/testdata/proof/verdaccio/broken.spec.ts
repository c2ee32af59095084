import { test } from "@playwright/test";
import { recorded } from "../recorded";
import { signIn } from "./flow";

const login = "**/-/verdaccio/sec/login";

test.describe("Verdaccio", recorded("verdaccio"), () => {
  test("drops a write", async ({ page }) => {
    const claims = Buffer.from(JSON.stringify({ name: "ada", exp: 4102444800 })).toString("base64url");
    await page.route(login, (route) => route.fulfill({ json: { username: "ada", token: `e30.${claims}.e30` } }));
    await signIn(page);
  });

  test("alters a write", async ({ page }) => {
    await page.route(login, (route) => route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), username: "bob" }) }));
    await signIn(page);
  });

  test("doubles a write", async ({ page }) => {
    const post = page.waitForRequest(login, { timeout: 0 });
    await signIn(page);
    const sent = await post;
    await page.evaluate(
      ([url, body, headers]) => fetch(url, { method: "POST", body, headers }),
      [sent.url(), sent.postData()!, sent.headers()] as const,
    );
  });
});
