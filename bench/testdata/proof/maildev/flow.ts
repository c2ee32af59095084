import { expect, type Page } from "@playwright/test";

/** The mails in the list. */
export function mails(page: Page) {
  return page.locator(".email-item");
}

/** Opens the list. */
export async function openList(page: Page) {
  await page.goto("/");
  await expect(mails(page)).toHaveCount(1);
}

/** Opens the one mail and reads it: what deletes it is there before the mail is. */
export async function readMail(page: Page) {
  await mails(page).filter({ hasText: "Hello tape" }).click();
  await expect(page.frameLocator("iframe.panel-html").getByText("the body of it")).toBeVisible();
}

/** Throws the open mail away. */
export async function deleteMail(page: Page) {
  await page.locator('[ng-click="delete(item)"]').click();
  await expect(mails(page)).toHaveCount(0);
}
