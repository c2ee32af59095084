import { expect, test } from "vitest";
import { frameOf } from "@/testing/fake-recorder";
import type { Frame } from "./frame";
import { Stage } from "./stage";

class Wire {
  readyState = 1;
  binaryType = "";
  sent: Record<string, unknown>[] = [];
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
    this.onclose?.();
  }
  say(message: unknown) {
    const data = message instanceof ArrayBuffer ? message : JSON.stringify(message);
    this.onmessage?.({ data });
  }
}

/** A stage in a world whose frames and timers run when they are told to. */
function setup() {
  const wires: Wire[] = [];
  const frames: (() => void)[] = [];
  const timers: { ms: number; run: () => void }[] = [];
  const world = {
    open() {
      wires.push(new Wire());
      return wires.at(-1) as unknown as WebSocket;
    },
    now: () => 1000,
    random: () => 0,
    after(ms: number, run: () => void) {
      const timer = { ms, run };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
    nextFrame(run: () => void) {
      frames.push(run);
      return () => void frames.splice(frames.indexOf(run), 1);
    },
  };
  const stage = new Stage(world);
  stage.start();
  const wire = () => wires.at(-1) as Wire;
  const frame = () => frames.splice(0).forEach((run) => void run());
  return { stage, wire, wires, frame, frames, timers };
}

const hello = {
  ...{ op: "hello", sessionId: "s", viewer: "me", you: "driver" },
  viewport: { width: 1280, height: 800 },
};
const move = (x: number) => ({
  ...{ op: "mouse" as const, type: "move" as const, x, y: 1 },
  ...{ button: "none" as const, buttons: 0, modifiers: 0, clickCount: 0 },
});
const turn = (dy: number) => ({ op: "wheel" as const, x: 1, y: 1, dx: 0, dy, modifiers: 0 });

test("moves and turns become one message for each frame", () => {
  const { stage, wire, frame } = setup();
  for (const x of [1, 2, 3]) stage.move(move(x));
  stage.wheel(turn(10));
  stage.wheel(turn(15));
  expect(wire().sent).toEqual([]);
  frame();
  expect(wire().sent).toEqual([move(3), turn(25)]);
  frame();
  expect(wire().sent).toHaveLength(2);
});

test("a press never overtakes the move before it", () => {
  const { stage, wire, frames } = setup();
  stage.move(move(7));
  stage.send({ op: "text", text: "x" });
  expect(wire().sent.map((message) => message.op)).toEqual(["mouse", "text"]);
  expect(frames).toEqual([]);
});

test("frames go to the painter, text into the view", () => {
  const { stage, wire } = setup();
  const got: Frame[] = [];
  const off = stage.paintWith((frame) => got.push(frame));
  wire().say(hello);
  wire().say(frameOf(new Uint8Array([1]), { number: 5 }));
  expect(stage.snapshot.status).toBe("live");
  expect(got.map((frame) => frame.number)).toEqual([5]);
  off();
  wire().say(frameOf(new Uint8Array([1]), { number: 6 }));
  expect(got).toHaveLength(1);
});

test("it comes back by itself, slower each time, and says that it is not live", () => {
  const { stage, wire, wires, timers } = setup();
  wire().say(hello);
  wire().close();
  expect(stage.snapshot).toMatchObject({ status: "reconnecting", since: 1000 });
  const first = timers.splice(0)[0];
  first?.run();
  wire().close();
  expect(timers[0]?.ms).toBeGreaterThan(first?.ms ?? 0);
  timers.splice(0)[0]?.run();
  wire().say(hello);
  expect(stage.snapshot).toMatchObject({ status: "live", since: null });
  expect(wires).toHaveLength(3);
  expect(stage.send({ op: "back" })).toBe(true);
});

test("an ended session is not asked for again", () => {
  const { stage, wire, timers } = setup();
  wire().say(hello);
  wire().say({ op: "ended", outcome: "complete", reason: "" });
  wire().close();
  expect(stage.snapshot.status).toBe("ended");
  expect(timers).toEqual([]);
});

test("nothing is sent or waited for once it is closed", () => {
  const { stage, wires, timers, frames } = setup();
  stage.move(move(1));
  stage.close();
  expect(frames).toEqual([]);
  expect(timers).toEqual([]);
  expect(stage.send({ op: "back" })).toBe(false);
  stage.start();
  expect(wires).toHaveLength(2);
});

test("an answered ask is gone at once; one that was not sent stays", () => {
  const { stage, wire } = setup();
  wire().say(hello);
  wire().say({ op: "dialog", id: "d", kind: "alert" });
  wire().readyState = 3;
  stage.answer({ op: "dialog", id: "d", accept: true });
  expect(stage.snapshot.view.dialog?.id).toBe("d");
  wire().readyState = 1;
  stage.answer({ op: "dialog", id: "d", accept: true });
  expect(stage.snapshot.view.dialog).toBeNull();
});
