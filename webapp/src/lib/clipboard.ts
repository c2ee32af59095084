import { notify, notifyError } from "./toast";

/** Copies text and says so. Browsers only offer the clipboard on https and on loopback. */
export async function copyText(text: string, done: string) {
  try {
    if (!navigator.clipboard) throw new Error("The browser offers its clipboard only over https.");
    await navigator.clipboard.writeText(text);
    notify(done);
  } catch (error) {
    notifyError("Nothing was copied", error);
  }
}
