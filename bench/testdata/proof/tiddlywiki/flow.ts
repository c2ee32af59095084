import { expect, type Page } from "@playwright/test";

/** Waits, as a careful person does, until the wiki says that all is on its server. */
async function saved(page: Page) {
  await expect(page.locator("body")).not.toHaveClass(/tc-dirty/);
}

/** A tiddler that is read, not edited. */
export function tiddler(page: Page, title: string) {
  return page.locator(`.tc-tiddler-view-frame[data-tiddler-title="${title}"]`);
}

/** Writes the tiddler "Tape" with a heading, a list and a tag. */
export async function writeTiddler(page: Page) {
  await page.goto("/");
  await page.getByRole("button", { name: "new tiddler" }).click();
  await page.locator("input.tc-titlebar").fill("Tape");
  await page.frameLocator("iframe.tc-edit-texteditor-body").locator("textarea").fill("!! Heading\n\n* one\n* two");
  await page.getByPlaceholder("tag name").fill("reel");
  await page.keyboard.press("Enter");
  await saved(page);
  await page.getByRole("button", { name: "confirm changes" }).click();
  await saved(page);
}

/** Gives it another name. */
export async function renameTiddler(page: Page) {
  await tiddler(page, "Tape").getByTitle("Edit this tiddler").click();
  const title = page.locator("input.tc-titlebar");
  await title.fill("Tape deck");
  await saved(page);
  await title.press("Control+Enter");
  await saved(page);
}
