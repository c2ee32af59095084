import { expect, test } from "@playwright/test";
import { recorded } from "../recorded";
import { deleteMail, mails, openList, readMail } from "./flow";

test("MailDev: read a mail and throw it away", recorded("maildev"), async ({ page }) => {
  await openList(page);
  await readMail(page);
  await expect(page.frameLocator("iframe.panel-html").locator("body")).toHaveText("the body of it");
  await deleteMail(page);
  await expect(mails(page)).toHaveCount(0);
});
