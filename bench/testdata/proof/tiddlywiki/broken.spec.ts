import { test } from "@playwright/test";
import { recorded } from "../recorded";
import { renameTiddler, writeTiddler } from "./flow";

const renamed = "**/recipes/default/tiddlers/Tape%20deck";

test.describe("TiddlyWiki", recorded("tiddlywiki"), () => {
  test("drops a write", async ({ page }) => {
    await page.route(renamed, (route) =>
      route.request().method() === "PUT" ? route.fulfill({ status: 204, headers: { etag: '"default/Tape%20deck/1:"' } }) : route.fallback(),
    );
    await writeTiddler(page);
    await renameTiddler(page);
  });

  test("alters a write", async ({ page }) => {
    await page.route(renamed, (route) =>
      route.request().method() === "PUT"
        ? route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), text: "!! Heading" }) })
        : route.fallback(),
    );
    await writeTiddler(page);
    await renameTiddler(page);
  });

  test("doubles a write", async ({ page }) => {
    const put = page.waitForRequest((r) => r.method() === "PUT" && r.url().endsWith("/Tape%20deck"), { timeout: 0 });
    await writeTiddler(page);
    await renameTiddler(page);
    const sent = await put;
    await page.evaluate(
      ([url, body, headers]) => fetch(url, { method: "PUT", body, headers }),
      [sent.url(), sent.postData()!, sent.headers()] as const,
    );
  });
});
