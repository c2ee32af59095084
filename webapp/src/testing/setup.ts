import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// A bound, not a wait: routes are loaded lazily, which takes its time on a busy machine.
configure({
  asyncUtilTimeout: 8000,
  getElementError: (message) => {
    const error = new Error(`${message?.split("\n")[0]}\n${document.body.textContent}`);
    error.name = "TestingLibraryElementError";
    return error;
  },
});

// jsdom lays nothing out: give every element the size of a screen, so that virtual lists have rows.
Object.defineProperties(Element.prototype, {
  clientHeight: { get: () => 900, configurable: true },
  clientWidth: { get: () => 1200, configurable: true },
});
window.scrollTo = () => {};
Element.prototype.scrollTo = () => {};
Element.prototype.hasPointerCapture = () => false;
Element.prototype.setPointerCapture = () => {};

// Nothing is drawn: what a frame becomes is a matter of the painter's own test.
HTMLCanvasElement.prototype.getContext = (() =>
  null) as typeof HTMLCanvasElement.prototype.getContext;
globalThis.createImageBitmap = (async () => ({
  close() {},
})) as unknown as typeof createImageBitmap;

afterEach(cleanup);
