import { expect, test } from "@playwright/test";
import { recorded } from "../recorded";
import { renameTiddler, tiddler, writeTiddler } from "./flow";

test("TiddlyWiki: write a tiddler and rename it", recorded("tiddlywiki"), async ({ page }) => {
  await writeTiddler(page);
  await expect(page).toHaveTitle(/^My TiddlyWiki/);
  await expect(tiddler(page, "Tape").getByRole("heading", { name: "Heading" })).toBeVisible();
  await expect(tiddler(page, "Tape").getByRole("listitem")).toHaveText(["one", "two"]);
  await renameTiddler(page);
  await expect(tiddler(page, "Tape deck")).toBeVisible();
  await expect(tiddler(page, "Tape")).toBeHidden();
});
