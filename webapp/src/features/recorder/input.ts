import type { Point } from "@/lib/recording";
import type { Button, StageCommand } from "./protocol";

interface Modified {
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

/** The modifiers as the browser's input domain counts them. */
export function modifiersOf(event: Modified): number {
  return (
    (event.altKey ? 1 : 0) |
    (event.ctrlKey ? 2 : 0) |
    (event.metaKey ? 4 : 0) |
    (event.shiftKey ? 8 : 0)
  );
}

const buttons: Button[] = ["left", "middle", "right"];

/** The name of MouseEvent.button; none for the side buttons, which are the browser's own. */
export function buttonOf(button: number): Button {
  return buttons[button] ?? "none";
}

const DOUBLE_MS = 500;
const DOUBLE_PX = 5;

/** Counts clicks: a second press soon after, near and with the same button makes two. */
export class ClickCounter {
  #count = 0;
  #at = Number.NEGATIVE_INFINITY;
  #point: Point = { x: 0, y: 0 };
  #button: Button = "none";

  press(button: Button, point: Point, now: number): number {
    const again =
      button === this.#button &&
      now - this.#at < DOUBLE_MS &&
      Math.abs(point.x - this.#point.x) <= DOUBLE_PX &&
      Math.abs(point.y - this.#point.y) <= DOUBLE_PX;
    this.#count = again ? this.#count + 1 : 1;
    this.#at = now;
    this.#point = point;
    this.#button = button;
    return this.#count;
  }

  get count(): number {
    return this.#count;
  }
}

interface Pressed extends Modified {
  key: string;
  code: string;
  keyCode: number;
  location: number;
  repeat: boolean;
}

export type KeyMeaning =
  | { to: "leave" }
  | { to: "local" }
  | { to: "address" }
  | { to: "page"; command: StageCommand };

/** The way out of the page with the keyboard; it is said wherever keys go to the page. */
export const leaveKeys = "Ctrl Alt Enter";

/**
 * What a key that was pressed over the page means: it goes there, but for the way out, for paste, which
 * comes as text, and for what a person would expect of the browser around a page.
 */
export function meaningOf(event: Pressed): KeyMeaning {
  const { key, ctrlKey, altKey, metaKey, shiftKey } = event;
  const mod = ctrlKey || metaKey;
  if (key === "Enter" && ctrlKey && altKey) return { to: "leave" };
  const letter = key.toLowerCase();
  if (mod && !altKey && letter === "v") return { to: "local" };
  if (key === "F12" || (mod && shiftKey && letter === "i")) return { to: "local" };
  if (mod && !altKey && !shiftKey && letter === "l") return { to: "address" };
  if (key === "F5" || (mod && !altKey && letter === "r")) return command("reload");
  if (altKey && !mod && key === "ArrowLeft") return command("back");
  if (altKey && !mod && key === "ArrowRight") return command("forward");
  return { to: "page", command: keyCommand("down", event) };
}

function command(op: "reload" | "back" | "forward"): KeyMeaning {
  return { to: "page", command: { op } };
}

export function keyCommand(type: "down" | "up", event: Pressed): StageCommand {
  const text = type === "down" ? textOf(event) : undefined;
  return {
    op: "key",
    type,
    key: event.key,
    code: event.code,
    ...(text === undefined ? {} : { text }),
    modifiers: modifiersOf(event),
    repeat: event.repeat,
    location: event.location,
    keyCode: event.keyCode,
  };
}

/** What the key types. AltGr is Ctrl and Alt together, and types; so does Option, other letters. */
function textOf({ key, ctrlKey, altKey, metaKey }: Pressed): string | undefined {
  if (key === "Enter") return "\r";
  if ([...key].length !== 1 || metaKey) return undefined;
  if (ctrlKey === altKey) return key;
  return altKey && key > "\u007f" ? key : undefined;
}

/** A wheel's turn in pixels, whatever it counts in. */
export function wheelPixels(
  event: { deltaX: number; deltaY: number; deltaMode: number; shiftKey: boolean },
  page: number,
): { dx: number; dy: number } {
  const unit = event.deltaMode === 1 ? 40 : event.deltaMode === 2 ? page : 1;
  const dx = event.deltaX * unit;
  const dy = event.deltaY * unit;
  // With shift a wheel turns sideways; some systems say so themselves.
  return event.shiftKey && dx === 0 ? { dx: dy, dy: 0 } : { dx, dy };
}

/** What was typed into an address bar as an address: local hosts by http, all others by https. */
export function asAddress(typed: string): string {
  const text = typed.trim();
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^(about|data|blob|file):/i.test(text)) return text;
  const local = /^(localhost|127(\.\d+){3}|\[::1\]|[^/.:\s]+\.localhost)(?=[:/?#]|$)/i.test(text);
  return `${local ? "http" : "https"}://${text}`;
}
