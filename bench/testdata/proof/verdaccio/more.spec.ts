import { expect, test } from "@playwright/test";
import { recorded } from "../recorded";
import { openPackage, signIn } from "./flow";

test.describe("Verdaccio", recorded("verdaccio"), () => {
  test("says who is signed in", async ({ page }) => {
    await signIn(page);
    await page.getByTestId("logInDialogIcon").click();
    await expect(page.getByText("ada", { exact: true })).toBeVisible();
    await expect(page.getByRole("button", { name: "Login" })).toHaveCount(0);
  });

  test("lists the package with its author and version", async ({ page }) => {
    await signIn(page);
    await expect(page.getByTestId("package-item-list")).toContainText("tape-reel");
    await expect(page.getByTestId("package-item-list")).toContainText("v1.2.3");
  });

  test("suggests packages by a part of their name", async ({ page }) => {
    await signIn(page);
    await page.getByPlaceholder("Search Packages").fill("tape");
    await expect(page.getByRole("option")).toHaveCount(1);
    await expect(page.getByRole("option")).toContainText("1.2.3");
  });

  test("shows how the package is installed", async ({ page }) => {
    await signIn(page);
    await openPackage(page);
    await expect(page.getByTestId("installListItem-npm")).toContainText("npm install tape-reel@1.2.3");
    await page.getByRole("tab", { name: "Versions" }).click();
    await expect(page.getByRole("tab", { name: "Versions" })).toHaveAttribute("aria-selected", "true");
  });
});
