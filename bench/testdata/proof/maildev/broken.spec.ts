import { expect, test } from "@playwright/test";
import { recorded } from "../recorded";
import { openList, readMail } from "./flow";

const mail = /\/email\/[^/]+$/;

test.describe("MailDev", recorded("maildev"), () => {
  test("drops a write", async ({ page }) => {
    await page.route(mail, (route) => (route.request().method() === "DELETE" ? route.fulfill({ json: true }) : route.fallback()));
    await openList(page);
    await readMail(page);
    await page.locator('[ng-click="delete(item)"]').click();
  });

  test("alters a write", async ({ page }) => {
    await page.route(mail, (route) =>
      route.request().method() === "DELETE" ? route.continue({ url: route.request().url().replace(mail, "/email/another") }) : route.fallback(),
    );
    await openList(page);
    await readMail(page);
    await page.locator('[ng-click="delete(item)"]').click();
  });

  test("doubles a write", async ({ page }) => {
    const deleted = page.waitForRequest((r) => r.method() === "DELETE", { timeout: 0 });
    await openList(page);
    await readMail(page);
    await page.locator('[ng-click="delete(item)"]').click();
    await expect(page.locator(".email-item")).toHaveCount(0);
    await page.evaluate((url) => fetch(url, { method: "DELETE" }), (await deleted).url());
  });
});
