import { type RefObject, useEffect } from "react";
import { toPage } from "@/lib/geometry";
import { useStored } from "@/lib/hooks";
import type { Point, Size } from "@/lib/recording";
import { buttonOf, ClickCounter, modifiersOf, wheelPixels } from "./input";
import type { StageCommand } from "./protocol";
import type { Stage } from "./stage";

interface Options {
  stage: Stage;
  canvas: RefObject<HTMLCanvasElement | null>;
  keyboard: RefObject<HTMLTextAreaElement | null>;
  viewport: Size;
  driving: boolean;
  mobile: boolean;
}

type Touching = Extract<StageCommand, { op: "touch" }>["type"];

/** Sends what the pointer does over the canvas. On a mobile viewport every pointer is a finger. */
export function usePointer(options: Options) {
  const latest = useStored(options);
  const { canvas } = options;
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const off = new AbortController();
    const clicks = new ClickCounter();
    const fingers = new Map<number, Point & { id: number }>();

    const at = (event: MouseEvent): Point => {
      const rect = element.getBoundingClientRect();
      const shown = { x: rect.left, y: rect.top, width: rect.width, height: rect.height };
      return toPage(shown, latest.current.viewport, { x: event.clientX, y: event.clientY });
    };
    const mouse = (type: "move" | "down" | "up", event: PointerEvent, clickCount: number) => ({
      op: "mouse" as const,
      type,
      ...at(event),
      button: type === "move" ? ("none" as const) : buttonOf(event.button),
      buttons: event.buttons,
      modifiers: modifiersOf(event),
      clickCount,
    });
    const touch = (type: Touching) => ({
      op: "touch" as const,
      type,
      points: [...fingers.values()],
    });

    const down = (event: PointerEvent) => {
      const { stage, driving, mobile, keyboard } = latest.current;
      event.preventDefault();
      if (!driving || event.button > 2) return;
      element.setPointerCapture?.(event.pointerId);
      focusAt(keyboard.current, element, event);
      const point = at(event);
      if (mobile) {
        fingers.set(event.pointerId, { ...point, id: event.pointerId });
        stage.send(touch("start"));
        return;
      }
      const count = clicks.press(buttonOf(event.button), point, event.timeStamp);
      stage.send(mouse("down", event, count));
    };
    const move = (event: PointerEvent) => {
      const { stage, driving, mobile } = latest.current;
      if (!driving) return;
      if (!mobile) return stage.move(mouse("move", event, 0));
      if (!fingers.has(event.pointerId)) return;
      fingers.set(event.pointerId, { ...at(event), id: event.pointerId });
      stage.move(touch("move"));
    };
    const up = (event: PointerEvent) => {
      const { stage, driving, mobile } = latest.current;
      const touched = fingers.delete(event.pointerId);
      if (!driving) return;
      if (event.button > 2) return;
      if (!mobile) stage.send(mouse("up", event, clicks.count));
      else if (touched) stage.send(touch("end"));
    };
    const wheel = (event: WheelEvent) => {
      const { stage, driving, viewport } = latest.current;
      if (!driving || event.ctrlKey) return;
      event.preventDefault();
      const modifiers = modifiersOf(event);
      stage.wheel({ op: "wheel", ...at(event), ...wheelPixels(event, viewport.height), modifiers });
    };
    const nothing = (event: Event) => event.preventDefault();

    const { signal } = off;
    element.addEventListener("pointerdown", down, { signal });
    element.addEventListener("pointermove", move, { signal });
    element.addEventListener("pointerup", up, { signal });
    element.addEventListener("pointercancel", up, { signal });
    element.addEventListener("wheel", wheel, { signal, passive: false });
    // A middle press would scroll this page, a right one open this browser's menu.
    element.addEventListener("mousedown", nothing, { signal });
    element.addEventListener("auxclick", nothing, { signal });
    element.addEventListener("contextmenu", nothing, { signal });
    return () => off.abort();
  }, [canvas, latest]);
}

/** The keyboard follows the pointer, and so does the window in which an input method offers words. */
function focusAt(
  keyboard: HTMLTextAreaElement | null,
  element: HTMLElement,
  event: { clientX: number; clientY: number },
) {
  if (!keyboard) return;
  const rect = element.getBoundingClientRect();
  keyboard.style.left = `${Math.max(0, event.clientX - rect.left)}px`;
  keyboard.style.top = `${Math.max(0, event.clientY - rect.top)}px`;
  keyboard.focus({ preventScroll: true });
}
