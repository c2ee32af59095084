import { beforeEach, expect, test } from "vitest";
import { type Batch, type Gone, LiveConnection, type Surroundings } from "./connection";

/** The server's end, driven by hand. */
class Wire {
  readyState = 1;
  sent: Record<string, unknown>[] = [];
  onmessage: ((frame: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  hello() {
    this.say({ op: "hello", epoch: "e", heartbeat: 1000 });
  }
  break() {
    this.readyState = 3;
    this.onclose?.();
  }
}

let wires: Wire[];
let frames: (() => void)[];
let timers: { at: number; run: () => void; off: boolean }[];
let now: number;
let refuse: boolean;

const world: Surroundings = {
  open() {
    if (refuse) throw new Error("no");
    const wire = new Wire();
    wires.push(wire);
    return wire as unknown as WebSocket;
  },
  now: () => now,
  random: () => 0.5,
  after(ms, run) {
    const timer = { at: now + ms, run, off: false };
    timers.push(timer);
    return () => {
      timer.off = true;
    };
  },
  nextFrame(run) {
    const entry = { run };
    frames.push(() => entry.run());
    return () => {
      entry.run = () => {};
    };
  },
};

function pass(ms: number) {
  const until = now + ms;
  for (;;) {
    const next = timers
      .filter((timer) => !timer.off && timer.at <= until)
      .sort((a, b) => a.at - b.at)[0];
    if (!next) break;
    now = next.at;
    next.off = true;
    next.run();
  }
  now = until;
}

function frame() {
  for (const run of frames.splice(0)) run();
}

const last = () => wires.at(-1) as Wire;

function event(sequence: number) {
  return {
    id: `e${sequence}`,
    type: "job.started",
    time: "2026-01-01T00:00:00Z",
    stream: "job/a",
    sequence,
    cursor: `e.${sequence}.x`,
  };
}

let connection: LiveConnection;
let batches: Batch[];
let gone: Gone[];

function follow(from = "e.0.x") {
  return connection.subscribe({
    filter: { jobs: ["a"] },
    mode: "all",
    from,
    onBatch: (batch) => batches.push(batch),
    onGone: (why) => gone.push(why),
  });
}

function subscribed() {
  const { ref } = last().sent.findLast((message) => message.op === "subscribe") ?? {};
  last().say({ op: "subscribed", ref, subscription: "h", cursor: "e.0.x" });
}

beforeEach(() => {
  wires = [];
  frames = [];
  timers = [];
  batches = [];
  gone = [];
  now = 1000;
  refuse = false;
  connection = new LiveConnection(world);
  connection.start();
});

test("is live with the server's hello and subscribes from the given cursor", () => {
  expect(connection.state.status).toBe("connecting");
  follow("e.7.x");
  expect(last().sent).toEqual([]);
  last().hello();
  expect(connection.state).toMatchObject({ status: "live", since: null });
  expect(last().sent).toEqual([
    { op: "subscribe", ref: "s1", filter: { jobs: ["a"] }, mode: "all", from: "e.7.x" },
  ]);
});

test("everything that came since the last frame is one batch", () => {
  follow();
  last().hello();
  subscribed();
  last().say({ op: "events", subscription: "h", events: [event(1), event(2)] });
  last().say({ op: "events", subscription: "h", events: [event(3)] });
  expect(batches).toEqual([]);
  frame();
  expect(batches.map((batch) => batch.events.map((e) => e.sequence))).toEqual([[1, 2, 3]]);
  frame();
  expect(batches.length).toBe(1);
});

test("a long catch-up is spread over frames, and nothing of it is lost or reordered", () => {
  follow();
  last().hello();
  subscribed();
  const many = Array.from({ length: 9001 }, (_, i) => event(i + 1));
  last().say({ op: "events", subscription: "h", events: many });
  frame();
  expect(batches[0]?.events.length).toBeLessThan(many.length);
  last().say({ op: "events", subscription: "h", events: [event(9002)] });
  while (frames.length) frame();
  const seen = batches.flatMap((batch) => batch.events.map((e) => e.sequence));
  expect(seen).toEqual(Array.from({ length: 9002 }, (_, i) => i + 1));
});

test("after a batch that was expensive to show, the next one waits and gathers more", () => {
  follow();
  last().hello();
  subscribed();
  const say = (n: number) => last().say({ op: "events", subscription: "h", events: [event(n)] });
  say(1);
  frame();
  now += 30; // the page took as long until its next frame
  frame();
  say(2);
  frame();
  pass(100);
  say(3);
  frame();
  expect(batches.length).toBe(1);
  pass(400);
  frame();
  expect(batches.map((batch) => batch.events.map((e) => e.sequence))).toEqual([[1], [2, 3]]);
  now += 16;
  frame();
  say(4);
  frame();
  expect(batches.length).toBe(3);
});

test.each([
  ["an event", { op: "events", subscription: "h", events: [event(5)] }, "e.5.x"],
  ["scanned", { op: "scanned", subscription: "h", cursor: "e.8.x" }, "e.8.x"],
  ["caught_up", { op: "caught_up", subscription: "h", cursor: "e.9.x" }, "e.9.x"],
  [
    "coalesced",
    { op: "coalesced", subscription: "h", cursor: "e.6.x", folded: 3, jobs: [] },
    "e.6.x",
  ],
])("resumes after a break from the cursor of %s", (_what, message, cursor) => {
  const following = follow();
  last().hello();
  subscribed();
  last().say(message);
  expect(following.cursor()).toBe(cursor);
  last().break();
  expect(connection.state).toMatchObject({ status: "reconnecting", since: 1000, tries: 1 });
  pass(1000);
  last().hello();
  expect(wires.length).toBe(2);
  expect(last().sent).toMatchObject([{ op: "subscribe", from: cursor }]);
});

test("what came before the break is still handed over", () => {
  follow();
  last().hello();
  subscribed();
  last().say({ op: "events", subscription: "h", events: [event(1)] });
  last().break();
  frame();
  expect(batches[0]?.events.map((e) => e.sequence)).toEqual([1]);
});

test("backs off, longer each time up to a bound, and at once when asked", () => {
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    last().break();
    waits.push((connection.state.retryAt ?? 0) - now);
    pass(waits.at(-1) ?? 0);
  }
  expect(waits).toEqual([300, 600, 1200, 2400, 4800, 9600, 11_250, 11_250]);
  expect(connection.state.since).toBe(1000);
  last().break();
  const before = wires.length;
  connection.retryNow();
  expect(wires.length).toBe(before + 1);
  pass(60_000 - 1);
  last().hello();
  expect(connection.state).toMatchObject({ status: "live", tries: 0 });
});

test("a socket that cannot even be made is tried again", () => {
  refuse = true;
  last().break();
  pass(300);
  expect(connection.state).toMatchObject({ status: "reconnecting", tries: 2 });
  refuse = false;
  pass(600);
  last().hello();
  expect(connection.state.status).toBe("live");
});

test("silence for three heartbeats ends the connection; an answer to the ping keeps it", () => {
  last().hello();
  pass(2000);
  expect(last().sent).toEqual([{ op: "ping" }]);
  last().say({ op: "pong" });
  pass(2999);
  expect(connection.state.status).toBe("live");
  pass(1);
  expect(connection.state.status).toBe("reconnecting");
});

test("gone ends the subscription and is told once; it is not asked for again", () => {
  follow();
  last().hello();
  last().say({ op: "gone", ref: "s1", reason: "foreign", detail: "another log" });
  expect(gone).toEqual([{ reason: "foreign", detail: "another log" }]);
  last().break();
  pass(1000);
  last().hello();
  expect(last().sent).toEqual([]);
});

test("an ended subscription hears nothing more, even of what is on its way", () => {
  const following = follow();
  last().hello();
  subscribed();
  last().say({ op: "events", subscription: "h", events: [event(1)] });
  following.end();
  following.end();
  frame();
  expect(batches).toEqual([]);
  expect(last().sent.filter((message) => message.op === "unsubscribe")).toEqual([
    { op: "unsubscribe", ref: "s1" },
  ]);
});

test("a second subscription with the same filter takes the events over", () => {
  follow();
  last().hello();
  subscribed();
  const other: Batch[] = [];
  connection.subscribe({
    filter: { jobs: ["a"] },
    mode: "all",
    from: "e.2.x",
    onBatch: (batch) => other.push(batch),
    onGone: () => {},
  });
  subscribed();
  last().say({ op: "events", subscription: "h", events: [event(3)] });
  frame();
  expect([batches.length, other.length]).toEqual([0, 1]);
});

test("frames that are not understood are passed over", () => {
  follow();
  last().hello();
  subscribed();
  last().onmessage?.({ data: "not json" });
  last().say({ op: "novelty" });
  last().say({ op: "events", subscription: "h", events: [{ id: 1 }] });
  last().say({ op: "events", subscription: "h", events: [event(1)] });
  frame();
  expect(batches.length).toBe(1);
});

test("stop ends everything and start begins anew", () => {
  follow();
  last().hello();
  subscribed();
  last().say({ op: "scanned", subscription: "h", cursor: "e.4.x" });
  connection.stop();
  connection.stop();
  expect(connection.state.status).toBe("connecting");
  pass(60_000);
  expect(wires.length).toBe(1);
  connection.start();
  last().hello();
  expect(last().sent).toMatchObject([{ op: "subscribe", from: "e.4.x" }]);
});
