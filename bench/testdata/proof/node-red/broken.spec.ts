import { test } from "@playwright/test";
import { recorded } from "../recorded";
import { deploy, draw, nameDebug } from "./flow";

const flows = "**/flows";

test.describe("Node-RED", recorded("node-red"), () => {
  test("drops a write", async ({ page }) => {
    await page.route(flows, (route) => (route.request().method() === "POST" ? route.fulfill({ json: { rev: "0" } }) : route.fallback()));
    await draw(page);
    await nameDebug(page);
    await deploy(page);
  });

  test("alters a write", async ({ page }) => {
    await page.route(flows, (route) =>
      route.request().method() === "POST"
        ? route.continue({ postData: route.request().postData()!.replace("Tape out", "Tape in") })
        : route.fallback(),
    );
    await draw(page);
    await nameDebug(page);
    await page.getByRole("link", { name: "Deploy" }).click();
  });

  test("doubles a write", async ({ page }) => {
    const post = page.waitForRequest((r) => r.method() === "POST" && r.url().endsWith("/flows"), { timeout: 0 });
    await draw(page);
    await nameDebug(page);
    await deploy(page);
    const sent = await post;
    await page.evaluate(
      ([url, body, headers]) => fetch(url, { method: "POST", body, headers }),
      [sent.url(), sent.postData()!, sent.headers()] as const,
    );
  });
});
