import { expect, test } from "@playwright/test";
import { recorded } from "../recorded";
import { deleteMail, mails, openList, readMail } from "./flow";

test.describe("MailDev", recorded("maildev"), () => {
  test("lists a mail with its subject and receiver", async ({ page }) => {
    await openList(page);
    await expect(mails(page)).toContainText("Hello tape");
    await expect(mails(page)).toContainText("b@example.org");
    await readMail(page);
    await deleteMail(page);
  });

  test("shows who wrote a mail", async ({ page }) => {
    await openList(page);
    await readMail(page);
    await expect(page.locator(".email-meta")).toContainText("a@example.org");
    await deleteMail(page);
  });

  test("shows the subject of the open mail", async ({ page }) => {
    await openList(page);
    await readMail(page);
    await expect(page.locator(".email-meta .subject")).toHaveText("Hello tape");
    await deleteMail(page);
  });

  test("goes back to an empty list", async ({ page }) => {
    await openList(page);
    await readMail(page);
    await deleteMail(page);
    await expect(page).toHaveURL(/#\/$/);
    await expect(page.locator("iframe.panel-html")).toHaveCount(0);
  });
});
