import type { Box, Point, Size } from "./recording";

/** How the page's viewport lies in the room that there is for it. */
export interface Fit extends Box {
  /** Shown pixels for one of the page's. */
  scale: number;
  /** The canvas's own pixels, which the screen's pixel ratio multiplies. */
  pixels: Size;
}

/**
 * The largest place for the viewport in the room, at its top as in any browser, never larger than life:
 * enlarged pictures are only blurred. Whole pixels, so that nothing is smeared over two.
 */
export function fit(room: Size, viewport: Size, pixelRatio: number): Fit {
  const scale = Math.min(1, room.width / viewport.width, room.height / viewport.height);
  const sane = Number.isFinite(scale) && scale > 0 ? scale : 0;
  const width = Math.round(viewport.width * sane);
  const height = Math.round(viewport.height * sane);
  const ratio = Math.max(1, pixelRatio || 1);
  return {
    x: Math.max(0, Math.floor((room.width - width) / 2)),
    y: 0,
    width,
    height,
    scale: sane,
    pixels: { width: Math.round(width * ratio), height: Math.round(height * ratio) },
  };
}

/** Where in the page a point of the screen is; held inside the viewport. */
export function toPage(shown: Box, viewport: Size, point: Point): Point {
  const along = (at: number, from: number, size: number, whole: number) =>
    size > 0 ? clamp(((at - from) / size) * whole, 0, Math.max(0, whole - 1)) : 0;
  return {
    x: round(along(point.x, shown.x, shown.width, viewport.width)),
    y: round(along(point.y, shown.y, shown.height, viewport.height)),
  };
}

/** Where a box of the page is shown, within the canvas; cut off at the canvas's edge. */
export function toCanvas(box: Box, scale: number, canvas: Size): Box {
  const x = clamp(box.x * scale, 0, canvas.width);
  const y = clamp(box.y * scale, 0, canvas.height);
  return {
    x,
    y,
    width: clamp((box.x + box.width) * scale, 0, canvas.width) - x,
    height: clamp((box.y + box.height) * scale, 0, canvas.height) - y,
  };
}

/** A box as shares of a picture, for an overlay that scales with it. */
export function shares(
  box: Box,
  viewport: Size,
): Record<"left" | "top" | "width" | "height", string> {
  const { x, y, width, height } = toCanvas(box, 1, viewport);
  const percent = (part: number, whole: number) => `${round((part / Math.max(1, whole)) * 100)}%`;
  return {
    left: percent(x, viewport.width),
    top: percent(y, viewport.height),
    width: percent(width, viewport.width),
    height: percent(height, viewport.height),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
