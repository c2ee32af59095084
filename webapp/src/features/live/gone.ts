import { notifyError } from "@/lib/toast";
import type { Gone } from "./connection";

const words: Record<Gone["reason"], string> = {
  lost: "The log was set back, so that what you saw after that point is lost.",
  archived: "That part of the log was archived.",
  foreign: "The server now serves another log.",
};

/** Says that the stream could not be continued and that the page has loaded afresh. */
export function noteGone(gone: Gone) {
  notifyError("The page was loaded afresh", new Error(`${words[gone.reason]} ${gone.detail}`));
}
