import { expect, test } from "vitest";
import { fit, shares, toCanvas, toPage } from "./geometry";

const desktop = { width: 1280, height: 800 };

test("the viewport is made to fit, centred, in whole pixels", () => {
  const wide = fit({ width: 1000, height: 400 }, desktop, 1);
  expect(wide).toMatchObject({ x: 180, y: 0, width: 640, height: 400, scale: 0.5 });
  const tall = fit({ width: 641, height: 900 }, desktop, 1);
  expect(tall).toMatchObject({ x: 0, y: 0, width: 641, height: 401 });
});

test("it is never larger than life, and the canvas has the screen's own pixels", () => {
  const at = fit({ width: 3000, height: 2000 }, { width: 390, height: 844 }, 2.5);
  expect(at).toMatchObject({ x: 1305, width: 390, height: 844, scale: 1 });
  expect(at.pixels).toEqual({ width: 975, height: 2110 });
});

test("no room is no picture, not a broken one", () => {
  expect(fit({ width: 0, height: 0 }, desktop, 2)).toMatchObject({ width: 0, height: 0, scale: 0 });
  expect(fit({ width: -16, height: 20 }, desktop, 0).scale).toBe(0);
});

test("a point of the screen is found in the page, whatever the canvas's scale and place", () => {
  const shown = { x: 220, y: 130, width: 640, height: 400 };
  expect(toPage(shown, desktop, { x: 220, y: 130 })).toEqual({ x: 0, y: 0 });
  expect(toPage(shown, desktop, { x: 540, y: 330 })).toEqual({ x: 640, y: 400 });
  expect(toPage(shown, desktop, { x: 220.25, y: 130 })).toEqual({ x: 0.5, y: 0 });
});

test("a captured pointer that left the canvas stays inside the page", () => {
  const shown = { x: 0, y: 0, width: 640, height: 400 };
  expect(toPage(shown, desktop, { x: -50, y: 9000 })).toEqual({ x: 0, y: 799 });
  expect(toPage({ ...shown, width: 0 }, desktop, { x: 5, y: 0 })).toEqual({ x: 0, y: 0 });
});

test("there and back again is the same place", () => {
  const at = fit({ width: 777, height: 555 }, desktop, 1.25);
  const box = { x: 700, y: 420, width: 220, height: 48 };
  const drawn = toCanvas(box, at.scale, at);
  const shown = { x: 31, y: 17, width: at.width, height: at.height };
  const back = toPage(shown, desktop, { x: 31 + drawn.x, y: 17 + drawn.y });
  expect(back.x).toBeCloseTo(700, 0);
  expect(back.y).toBeCloseTo(420, 0);
});

test("a box that reaches over the edge is cut off there", () => {
  const canvas = { width: 640, height: 400 };
  expect(toCanvas({ x: -20, y: 700, width: 100, height: 900 }, 0.5, canvas)).toEqual({
    ...{ x: 0, y: 350, width: 40, height: 50 },
  });
});

test("shares of a picture need no measuring", () => {
  expect(shares({ x: 640, y: 200, width: 320, height: 40 }, desktop)).toEqual({
    ...{ left: "50%", top: "25%", width: "25%", height: "5%" },
  });
});
