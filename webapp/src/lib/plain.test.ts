import { expect, test } from "vitest";
import { cells, plain } from "./plain";

test.each([
  ["See [returns](https://x.example/a_(b)) and **this** now", "See returns and this now"],
  ["`code` and ![a picture](p.png)", "code and a picture"],
  ["- **Given** a cart\n- **When** paid", "• Given a cart\n• When paid"],
  ["2 * 3 ** 4 and a_b_c", "2 * 3 ** 4 and a_b_c"],
  ["1\\. not a list", "1. not a list"],
  ["<b>bold</b>", "<b>bold</b>"],
])("%s", (markdown, text) => expect(plain(markdown)).toBe(text));

test("a row has its cells", () => {
  expect(cells("| Germany | 2 \\| 3 |")).toEqual(["Germany", "2 | 3"]);
});
