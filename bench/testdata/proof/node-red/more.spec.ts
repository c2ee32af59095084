import { expect, test } from "@playwright/test";
import { recorded } from "../recorded";
import { deploy, draw, editDebug, nameDebug, nodes } from "./flow";

test.describe("Node-RED", recorded("node-red"), () => {
  test("calls a node by its name", async ({ page }) => {
    await draw(page);
    await expect(nodes(page).filter({ hasText: "debug" })).toHaveCount(1);
    await nameDebug(page);
    await expect(nodes(page).filter({ hasText: "Tape out" })).toHaveCount(1);
    await deploy(page);
  });

  test("offers to deploy what is not deployed", async ({ page }) => {
    await draw(page);
    await nameDebug(page);
    await expect(page.locator("#red-ui-header-button-deploy")).not.toHaveClass(/disabled/);
    await deploy(page);
    await expect(page.locator("#red-ui-header-button-deploy")).toHaveClass(/disabled/);
  });

  test("keeps the wire when a node gets a name", async ({ page }) => {
    await draw(page);
    await nameDebug(page);
    await expect(page.locator("path.red-ui-flow-link-line")).toHaveCount(1);
    await deploy(page);
    await expect(page.locator("path.red-ui-flow-link-line")).toHaveCount(1);
  });

  test("shows the name in the dialog again", async ({ page }) => {
    await draw(page);
    await nameDebug(page);
    await deploy(page);
    await editDebug(page);
    await expect(page.locator("#node-input-name")).toHaveValue("Tape out");
  });
});
