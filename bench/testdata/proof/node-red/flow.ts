import { expect, type Page } from "@playwright/test";

/** The nodes on the drawing. */
export function nodes(page: Page) {
  return page.locator(".red-ui-flow-node-group");
}

/** Drags an inject and a debug node onto the drawing and wires them. */
export async function draw(page: Page) {
  await page.goto("/");
  const chart = page.locator("#red-ui-workspace-chart > svg");
  const palette = (kind: string) => page.locator(`.red-ui-palette-node[data-palette-type="${kind}"]`);
  await expect(palette("debug")).toBeVisible({ timeout: 30_000 }); // the editor is loaded in many parts
  await expect(page.locator("#red-ui-loading-progress")).toBeHidden({ timeout: 30_000 });
  await palette("inject").dragTo(chart, { targetPosition: { x: 200, y: 120 } });
  await palette("debug").dragTo(chart, { targetPosition: { x: 480, y: 220 } });
  await expect(nodes(page)).toHaveCount(2);
  await page.locator(".red-ui-flow-port-output .red-ui-flow-port").dragTo(page.locator(".red-ui-flow-port-input .red-ui-flow-port"));
  await expect(page.locator("path.red-ui-flow-link-line")).toHaveCount(1);
}

/** Opens the debug node's dialog. */
export async function editDebug(page: Page) {
  await nodes(page).filter({ has: page.locator(".red-ui-flow-port-input") }).dblclick();
}

/** Names the debug node. */
export async function nameDebug(page: Page) {
  await editDebug(page);
  await page.locator("#node-input-name").fill("Tape out");
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("button", { name: "Done" })).toBeHidden();
}

/** Sends the drawing to the server. */
export async function deploy(page: Page) {
  await page.getByRole("link", { name: "Deploy" }).click();
  await expect(page.getByText("Successfully deployed")).toBeVisible();
}
