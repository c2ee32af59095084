import { expect, test } from "@playwright/test";
import { recorded } from "../recorded";
import { deploy, draw, nameDebug, nodes } from "./flow";

test("Node-RED: wire inject to debug and deploy", recorded("node-red"), async ({ page }) => {
  await draw(page);
  await nameDebug(page);
  await expect(nodes(page).filter({ hasText: "Tape out" })).toBeVisible();
  await deploy(page);
});
