import { expect, test } from "@playwright/test";
import { recorded } from "../recorded";
import { renameTiddler, tiddler, writeTiddler } from "./flow";

test.describe("TiddlyWiki", recorded("tiddlywiki"), () => {
  test("keeps the text when a tiddler gets another name", async ({ page }) => {
    await writeTiddler(page);
    await renameTiddler(page);
    const body = tiddler(page, "Tape deck").locator(".tc-tiddler-body");
    await expect(body.getByRole("heading", { level: 2 })).toHaveText("Heading");
    await expect(body.getByRole("listitem")).toHaveText(["one", "two"]);
  });

  test("shows the tag", async ({ page }) => {
    await writeTiddler(page);
    await expect(tiddler(page, "Tape").locator(".tc-tag-label")).toHaveText("reel");
    await renameTiddler(page);
    await expect(tiddler(page, "Tape deck").locator(".tc-tag-label")).toHaveText("reel");
  });

  test("closes the editor when a tiddler is done", async ({ page }) => {
    await writeTiddler(page);
    await expect(page.locator(".tc-tiddler-edit-frame")).toHaveCount(0);
    await renameTiddler(page);
    await expect(page.locator(".tc-tiddler-edit-frame")).toHaveCount(0);
    await expect(page.getByRole("button", { name: "confirm changes" })).toBeHidden();
  });

  test("lists the new name among the open tiddlers", async ({ page }) => {
    await writeTiddler(page);
    const open = page.locator(".tc-sidebar-tab-open");
    await expect(open.getByRole("link", { name: "Tape", exact: true })).toBeVisible();
    await renameTiddler(page);
    await expect(open.getByRole("link", { name: "Tape deck", exact: true })).toBeVisible();
    await expect(open.getByRole("link", { name: "Tape", exact: true })).toHaveCount(0);
  });
});
