import { expect, test } from "@playwright/test";
import { recorded } from "../recorded";
import { openPackage, signIn } from "./flow";

test("Verdaccio: sign in and look at a package", recorded("verdaccio"), async ({ page }) => {
  await signIn(page);
  await openPackage(page);
  await expect(page.getByRole("heading", { name: "Reels of tape" })).toBeVisible();
  await page.getByRole("tab", { name: "Versions" }).click();
  await expect(page.getByTestId("tag-latest")).toContainText("1.2.3");
  await page.goBack();
  await expect(page).not.toHaveURL(/\/detail\/tape-reel/);
});
