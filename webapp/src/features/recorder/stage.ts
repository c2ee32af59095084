import { type Frame, parseFrame } from "./frame";
import { parseStageMessage, type StageCommand } from "./protocol";
import { applyMessage, closed, emptyView, type StageView } from "./view";

/** The parts of the browser that a test replaces. */
export interface StageWorld {
  open(): WebSocket;
  now(): number;
  random(): number;
  after(ms: number, run: () => void): () => void;
  nextFrame(run: () => void): () => void;
}

export type StageStatus = "connecting" | "live" | "reconnecting" | "ended";

export interface StageSnapshot {
  status: StageStatus;
  /** Since when nothing comes; null while it is live. */
  since: number | null;
  view: StageView;
}

type Move = Extract<StageCommand, { op: "mouse" | "touch" }>;
type Wheel = Extract<StageCommand, { op: "wheel" }>;

const FIRST_DELAY = 300;
const LONGEST_DELAY = 5000;
/** WebSocket.OPEN. */
const OPEN = 1;

/**
 * The socket to one session: a seat in front of its browser. It comes back by itself until the session
 * has ended. Moves and wheel turns are put together, one message for each animation frame, and never
 * overtake what was pressed after them.
 */
export class Stage {
  #world: StageWorld;
  #socket: WebSocket | null = null;
  #snapshot: StageSnapshot;
  #listeners = new Set<() => void>();
  #onFrame: (frame: Frame) => void = () => {};
  #tries = 0;
  #running = false;
  #cancelRetry: (() => void) | null = null;
  #cancelFlush: (() => void) | null = null;
  #move: Move | null = null;
  #wheel: Wheel | null = null;

  constructor(world: StageWorld) {
    this.#world = world;
    this.#snapshot = { status: "connecting", since: world.now(), view: emptyView };
  }

  get snapshot(): StageSnapshot {
    return this.#snapshot;
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Frames go past React: to whoever paints them, the latest one that asked. */
  paintWith(onFrame: (frame: Frame) => void): () => void {
    this.#onFrame = onFrame;
    return () => {
      if (this.#onFrame === onFrame) this.#onFrame = () => {};
    };
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#connect();
  }

  /** Leaves the seat. May be called twice; start works after. */
  close() {
    this.#running = false;
    this.#cancelRetry?.();
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** Tries now instead of waiting for the back-off to end. */
  retryNow() {
    if (!this.#running || this.#socket) return;
    this.#cancelRetry?.();
    this.#connect();
  }

  /** Sends a command, after the move and the turn that came before it. False when it was not sent. */
  send(command: StageCommand): boolean {
    this.#flush();
    return this.#write(command);
  }

  /** The pointer is somewhere else: only where it is at the next frame is told. */
  move(command: Move) {
    this.#move = command;
    this.#planFlush();
  }

  wheel(command: Wheel) {
    const before = this.#wheel;
    this.#wheel = before
      ? { ...command, dx: before.dx + command.dx, dy: before.dy + command.dy }
      : command;
    this.#planFlush();
  }

  /** Answers an open list, file chooser or dialog, and takes it away at once. False when it was not sent. */
  answer(command: Extract<StageCommand, { op: "choose" | "files" | "dialog" }>): boolean {
    if (!this.send(command)) return false;
    this.change((view) => closed(view, command.id));
    return true;
  }

  change(how: (view: StageView) => StageView) {
    this.#update({ view: how(this.#snapshot.view) });
  }

  #planFlush() {
    this.#cancelFlush ??= this.#world.nextFrame(() => this.#flush());
  }

  #flush() {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    const [move, wheel] = [this.#move, this.#wheel];
    this.#move = null;
    this.#wheel = null;
    if (move) this.#write(move);
    if (wheel) this.#write(wheel);
  }

  #write(command: StageCommand): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(command));
    return true;
  }

  #connect() {
    this.#cancelRetry = null;
    const socket = this.#world.open();
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onmessage = (message) => {
      if (this.#socket === socket) this.#receive(message.data);
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#lost();
    };
  }

  #receive(data: unknown) {
    if (data instanceof ArrayBuffer) {
      const frame = parseFrame(data);
      if (frame) this.#onFrame(frame);
      return;
    }
    const message = parseStageMessage(String(data));
    if (!message) return;
    if (message.op === "hello") {
      this.#tries = 0;
      this.#snapshot = { ...this.#snapshot, status: "live", since: null };
    }
    if (message.op === "ended") this.#snapshot = { ...this.#snapshot, status: "ended" };
    this.#update({ view: applyMessage(this.#snapshot.view, message, this.#world.now()) });
  }

  #lost() {
    this.#socket = null;
    if (!this.#running || this.#snapshot.status === "ended") return;
    const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(this.#tries++, 8));
    this.#cancelRetry = this.#world.after(ceiling * (0.5 + this.#world.random() / 2), () =>
      this.#connect(),
    );
    this.#update({
      status: this.#snapshot.view.hello ? "reconnecting" : "connecting",
      since: this.#snapshot.since ?? this.#world.now(),
    });
  }

  #update(change: Partial<StageSnapshot>) {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const tell of this.#listeners) tell();
  }
}

/** The real browser. */
export function stageWorld(url: string): StageWorld {
  return {
    open: () => new WebSocket(url),
    now: () => Date.now(),
    random: () => Math.random(),
    after(ms, run) {
      const id = setTimeout(run, ms);
      return () => clearTimeout(id);
    },
    nextFrame(run) {
      const frame = requestAnimationFrame(run);
      return () => cancelAnimationFrame(frame);
    },
  };
}
