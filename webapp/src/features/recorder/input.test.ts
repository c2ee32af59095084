import { expect, test } from "vitest";
import { asAddress, ClickCounter, keyCommand, meaningOf, modifiersOf, wheelPixels } from "./input";

const plain = {
  ...{ altKey: false, ctrlKey: false, metaKey: false, shiftKey: false },
  ...{ key: "a", code: "KeyA", keyCode: 65, location: 0, repeat: false },
};
const text = (more: object) => {
  const command = keyCommand("down", { ...plain, ...more });
  return command.op === "key" ? command.text : undefined;
};

test("modifiers are counted as the browser's input domain does", () => {
  expect(modifiersOf(plain)).toBe(0);
  expect(modifiersOf({ ...plain, altKey: true, shiftKey: true })).toBe(9);
  expect(modifiersOf({ ...plain, ctrlKey: true, metaKey: true })).toBe(6);
});

test("a key types its character, unless a modifier makes a command of it", () => {
  expect(text({})).toBe("a");
  expect(text({ key: "Enter" })).toBe("\r");
  expect(text({ key: "😀" })).toBe("😀");
  expect(text({ key: "Shift" })).toBeUndefined();
  expect(text({ ctrlKey: true })).toBeUndefined();
  expect(text({ key: "@", ctrlKey: true, altKey: true })).toBe("@");
  expect(text({ key: "å", altKey: true })).toBe("å");
  expect(text({ altKey: true })).toBeUndefined();
  expect(keyCommand("up", plain)).not.toHaveProperty("text");
});

test("keys go to the page, but for the way out, paste and the browser around it", () => {
  expect(meaningOf({ ...plain, key: "Tab" }).to).toBe("page");
  expect(meaningOf({ ...plain, key: "Escape" }).to).toBe("page");
  expect(meaningOf({ ...plain, key: "Enter", ctrlKey: true, altKey: true }).to).toBe("leave");
  expect(meaningOf({ ...plain, key: "V", ctrlKey: true, shiftKey: true }).to).toBe("local");
  expect(meaningOf({ ...plain, key: "l", metaKey: true }).to).toBe("address");
  expect(meaningOf({ ...plain, key: "F5" })).toEqual({ to: "page", command: { op: "reload" } });
  expect(meaningOf({ ...plain, key: "ArrowLeft", altKey: true })).toEqual({
    to: "page",
    command: { op: "back" },
  });
  expect(meaningOf({ ...plain, key: "c", ctrlKey: true })).toMatchObject({
    command: { op: "key", key: "c", modifiers: 2 },
  });
});

test("clicks are counted while they come soon, near and with one button", () => {
  const clicks = new ClickCounter();
  const at = { x: 10, y: 10 };
  expect(clicks.press("left", at, 0)).toBe(1);
  expect(clicks.press("left", { x: 13, y: 8 }, 300)).toBe(2);
  expect(clicks.press("left", at, 600)).toBe(3);
  expect(clicks.press("right", at, 700)).toBe(1);
  expect(clicks.press("left", at, 1300)).toBe(1);
  expect(clicks.press("left", { x: 40, y: 10 }, 1400)).toBe(1);
  expect(clicks.press("left", { x: 40, y: 10 }, 2000)).toBe(1);
});

test("a wheel's turn is in pixels", () => {
  const turn = { deltaX: 0, deltaY: 3, deltaMode: 0, shiftKey: false };
  expect(wheelPixels(turn, 800)).toEqual({ dx: 0, dy: 3 });
  expect(wheelPixels({ ...turn, deltaMode: 1 }, 800)).toEqual({ dx: 0, dy: 120 });
  expect(wheelPixels({ ...turn, deltaMode: 2 }, 800)).toEqual({ dx: 0, dy: 2400 });
  expect(wheelPixels({ ...turn, shiftKey: true }, 800)).toEqual({ dx: 3, dy: 0 });
});

test("what is typed becomes an address", () => {
  expect(asAddress(" shop.example/cart ")).toBe("https://shop.example/cart");
  expect(asAddress("localhost:3000")).toBe("http://localhost:3000");
  expect(asAddress("127.0.0.1:8080/a")).toBe("http://127.0.0.1:8080/a");
  expect(asAddress("[::1]:8080")).toBe("http://[::1]:8080");
  expect(asAddress("http://a.example")).toBe("http://a.example");
  expect(asAddress("about:blank")).toBe("about:blank");
  expect(asAddress("localhost.example")).toBe("https://localhost.example");
});
