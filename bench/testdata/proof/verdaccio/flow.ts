import { expect, type Page } from "@playwright/test";

/** Signs in as ada; the password is the recording's placeholder. */
export async function signIn(page: Page) {
  await page.goto("/");
  await page.getByRole("button", { name: "Login" }).click();
  await page.locator("#login--dialog-username").fill("ada");
  await page.locator("#login--dialog-password").fill(process.env.PASSWORD!);
  await page.locator("#login--dialog-button-submit").click();
  await expect(page.getByTestId("logInDialogIcon")).toBeVisible();
}

/** Finds the package by its name and opens it. */
export async function openPackage(page: Page) {
  await page.getByPlaceholder("Search Packages").fill("tape");
  await page.getByRole("option", { name: "tape-reel" }).click();
  await expect(page).toHaveURL(/\/-\/web\/detail\/tape-reel$/);
}
