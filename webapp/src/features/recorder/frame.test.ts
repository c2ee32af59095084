import { expect, test } from "vitest";
import { frameOf } from "@/testing/fake-recorder";
import { parseFrame } from "./frame";

const jpeg = new Uint8Array([0xff, 0xd8, 1, 2, 3]);

test("a frame's header is read in network order", () => {
  const frame = parseFrame(
    frameOf(jpeg, { page: 2, number: 70_000, width: 390, height: 844, elapsedMs: 4_000_000_000 }),
  );
  expect(frame).toEqual({
    ...{ page: "page2", number: 70_000, width: 390, height: 844, elapsedMs: 4_000_000_000 },
    jpeg,
  });
});

test("the first tab has no number in its name", () => {
  expect(parseFrame(frameOf(jpeg))?.page).toBe("page");
});

test("what is no frame of this version is passed over", () => {
  const bad = (change: (view: DataView) => void) => {
    const message = frameOf(jpeg);
    change(new DataView(message));
    return parseFrame(message);
  };
  expect(bad((view) => view.setUint8(0, 2))).toBeNull();
  expect(bad((view) => view.setUint8(1, 9))).toBeNull();
  expect(bad((view) => view.setUint16(8, 0))).toBeNull();
  expect(parseFrame(new ArrayBuffer(16))).toBeNull();
  expect(parseFrame(new ArrayBuffer(3))).toBeNull();
});
