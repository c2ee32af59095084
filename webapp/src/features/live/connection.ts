import type { Job, TapeEvent } from "@/lib/api";
import {
  asEvents,
  asJobs,
  type ClientMessage,
  type GoneReason,
  type LiveFilter,
  type LiveMode,
  parseMessage,
  type ServerMessage,
} from "./protocol";

/** What a part of the page wants to follow, from which cursor on. */
export interface Subscription {
  filter: LiveFilter;
  mode: LiveMode;
  from: string;
  /** Called at most once for each animation frame, with everything that came since. */
  onBatch(batch: Batch): void;
  /** The log cannot be continued from the cursor: load afresh. The subscription has ended. */
  onGone(gone: Gone): void;
}

export interface Gone {
  reason: GoneReason;
  detail: string;
}

/** A running subscription. */
export interface Following {
  /** The last cursor seen: all matching events up to it were handed over or are about to be. */
  cursor(): string;
  end(): void;
}

/** In mode all `events`, in mode coalesce `jobs` with the number of events folded into them. */
export interface Batch {
  events: TapeEvent[];
  jobs: Job[];
  folded: number;
}

export type LiveStatus = "connecting" | "live" | "reconnecting";

/** What the page shows about its connection. */
export interface LiveState {
  status: LiveStatus;
  /** Since when the page is not live; null while it is. */
  since: number | null;
  /** Failed tries in a row. */
  tries: number;
  /** When the next try comes; null while there is one under way. */
  retryAt: number | null;
  /** The last refusal by the server, for people. */
  problem: string | null;
}

/** The parts of the browser that a test replaces. */
export interface Surroundings {
  open(): WebSocket;
  now(): number;
  random(): number;
  after(ms: number, run: () => void): () => void;
  nextFrame(run: () => void): () => void;
}

interface Live extends Subscription {
  ref: string;
  /** The server's name for it, once it is answered on this connection. */
  id: string | null;
  pending: Batch | null;
}

const FIRST_DELAY = 400;
const LONGEST_DELAY = 15_000;
/** Events handed over in one frame; a longer catch-up is spread over several. */
const FRAME_EVENTS = 4000;
const DEFAULT_HEARTBEAT = 10_000;
/** A batch after which the next frame comes later than this was expensive to show. */
const CHEAP_MS = 24;
/** After an expensive batch the page rests this many times its cost, so that most frames are free. */
const REST_FACTOR = 15;
const LONGEST_REST = 500;
/** WebSocket.OPEN. */
const OPEN = 1;

/**
 * The page's one socket. It resumes every subscription from the last cursor that it saw, backs off
 * with jitter, notices silence by the heartbeat, and hands over one batch for each frame.
 */
export class LiveConnection {
  #world: Surroundings;
  #socket: WebSocket | null = null;
  #subscriptions = new Map<string, Live>();
  #listeners = new Set<() => void>();
  #state: LiveState;
  #refs = 0;
  #heartbeat = DEFAULT_HEARTBEAT;
  #cancelRetry: (() => void) | null = null;
  #cancelWatch: (() => void) | null = null;
  #cancelFrame: (() => void) | null = null;
  #restUntil = 0;
  #stopped = true;

  constructor(world: Surroundings) {
    this.#world = world;
    this.#state = {
      status: "connecting",
      since: world.now(),
      tries: 0,
      retryAt: null,
      problem: null,
    };
  }

  get state(): LiveState {
    return this.#state;
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start() {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#connect();
  }

  /** Ends the connection and everything that is planned. May be called twice; start works after. */
  stop() {
    this.#stopped = true;
    this.#cancelRetry?.();
    this.#cancelFrame?.();
    this.#cancelFrame = null;
    this.#drop();
    this.#update({ status: "connecting", since: this.#world.now(), retryAt: null });
  }

  /** Tries now instead of waiting for the back-off to end. */
  retryNow() {
    if (this.#stopped || this.#socket) return;
    this.#cancelRetry?.();
    this.#connect();
  }

  /**
   * Starts following. To the server equal filters of one mode are one subscription: the later of two
   * takes the events over, so one part of the page follows for all that need them.
   */
  subscribe(subscription: Subscription): Following {
    const live: Live = { ...subscription, ref: `s${++this.#refs}`, id: null, pending: null };
    this.#subscriptions.set(live.ref, live);
    if (this.#state.status === "live") this.#ask(live);
    return {
      cursor: () => live.from,
      end: () => {
        if (!this.#subscriptions.delete(live.ref)) return;
        if (this.#state.status === "live") this.#send({ op: "unsubscribe", ref: live.ref });
      },
    };
  }

  #connect() {
    this.#cancelRetry = null;
    this.#update({ retryAt: null });
    let socket: WebSocket;
    try {
      socket = this.#world.open();
    } catch {
      this.#planRetry();
      return;
    }
    this.#socket = socket;
    this.#watchSilence();
    socket.onmessage = (frame) => {
      if (this.#socket === socket) this.#receive(String(frame.data));
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#lost();
    };
  }

  #receive(text: string) {
    const message = parseMessage(text);
    if (message) this.#handle(message);
    // After hello, which sets the heartbeat; any frame at all is a sign of life.
    this.#watchSilence();
  }

  #handle(message: ServerMessage) {
    switch (message.op) {
      case "hello":
        this.#heartbeat = message.heartbeat || DEFAULT_HEARTBEAT;
        this.#update({ status: "live", since: null, tries: 0, problem: null });
        for (const live of this.#subscriptions.values()) this.#ask(live);
        return;
      case "subscribed": {
        const live = this.#subscriptions.get(message.ref ?? "");
        if (!live) return;
        for (const other of this.#subscriptions.values()) {
          if (other.id === message.subscription) other.id = null;
        }
        live.id = message.subscription;
        live.from = message.cursor;
        return;
      }
      case "events":
        this.#queue(message.subscription, asEvents(message.events), [], message.events.length);
        return;
      case "coalesced":
        this.#queue(message.subscription, [], asJobs(message.jobs), message.folded, message.cursor);
        return;
      case "scanned":
      case "caught_up": {
        const live = this.#byId(message.subscription);
        if (live) live.from = message.cursor;
        return;
      }
      case "gone": {
        const live =
          this.#subscriptions.get(message.ref ?? "") ?? this.#byId(message.subscription ?? "");
        if (!live) return;
        this.#subscriptions.delete(live.ref);
        live.onGone({ reason: message.reason, detail: message.detail });
        return;
      }
      case "error":
        this.#update({ problem: message.problem.detail ?? message.problem.title });
        return;
      case "unsubscribed":
      case "pong":
        return;
    }
  }

  #queue(id: string, events: TapeEvent[], jobs: Job[], folded: number, cursor?: string) {
    const live = this.#byId(id);
    if (!live) return;
    live.from = cursor ?? events.at(-1)?.cursor ?? live.from;
    live.pending ??= { events: [], jobs: [], folded: 0 };
    live.pending.events.push(...events);
    live.pending.jobs.push(...jobs);
    live.pending.folded += folded;
    this.#planFlush();
  }

  #planFlush() {
    if (this.#cancelFrame) return;
    const rest = this.#restUntil - this.#world.now();
    if (rest <= 0) {
      this.#cancelFrame = this.#world.nextFrame(() => this.#flush());
      return;
    }
    this.#cancelFrame = this.#world.after(rest, () => {
      this.#cancelFrame = this.#world.nextFrame(() => this.#flush());
    });
  }

  #flush() {
    this.#cancelFrame = null;
    this.#restAfter(this.#world.now());
    let left = false;
    for (const live of [...this.#subscriptions.values()]) {
      const batch = live.pending;
      if (!batch) continue;
      live.pending = null;
      if (batch.events.length > FRAME_EVENTS) {
        live.pending = { events: batch.events.splice(FRAME_EVENTS), jobs: [], folded: 0 };
        left = true;
      }
      live.onBatch(batch);
    }
    if (left) this.#planFlush();
  }

  /** Looks how long the page takes until its next frame; under a flood it gets fewer, larger batches. */
  #restAfter(start: number) {
    this.#world.nextFrame(() => {
      const cost = this.#world.now() - start;
      const rest = cost > CHEAP_MS ? Math.min(LONGEST_REST, cost * REST_FACTOR) : 0;
      this.#restUntil = start + rest;
    });
  }

  #byId(id: string): Live | undefined {
    for (const live of this.#subscriptions.values()) if (live.id === id) return live;
    return undefined;
  }

  #ask(live: Live) {
    const { ref, filter, mode, from } = live;
    this.#send({ op: "subscribe", ref, filter, mode, from });
  }

  #send(message: ClientMessage) {
    if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Asks after two silent heartbeats, gives the connection up after three. */
  #watchSilence() {
    this.#cancelWatch?.();
    this.#cancelWatch = this.#world.after(this.#heartbeat * 2, () => {
      this.#send({ op: "ping" });
      this.#cancelWatch = this.#world.after(this.#heartbeat, () => this.#lost());
    });
  }

  #drop() {
    this.#cancelWatch?.();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    for (const live of this.#subscriptions.values()) live.id = null;
  }

  #lost() {
    this.#drop();
    if (!this.#stopped) this.#planRetry();
  }

  #planRetry() {
    const tries = this.#state.tries + 1;
    const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(tries - 1, 10));
    const delay = ceiling * (0.5 + this.#world.random() / 2);
    this.#update({
      status: "reconnecting",
      since: this.#state.since ?? this.#world.now(),
      tries,
      retryAt: this.#world.now() + delay,
    });
    this.#cancelRetry = this.#world.after(delay, () => this.#connect());
  }

  #update(change: Partial<LiveState>) {
    this.#state = { ...this.#state, ...change };
    for (const tell of this.#listeners) tell();
  }
}

/** The real browser. A hidden page gets no frames, so a timer hands its batches over. */
export function browserSurroundings(url: string): Surroundings {
  return {
    open: () => new WebSocket(url),
    now: () => Date.now(),
    random: () => Math.random(),
    after(ms, run) {
      const id = setTimeout(run, ms);
      return () => clearTimeout(id);
    },
    nextFrame(run) {
      if (document.hidden) {
        const id = setTimeout(run, 500);
        return () => clearTimeout(id);
      }
      const frame = requestAnimationFrame(run);
      return () => cancelAnimationFrame(frame);
    },
  };
}
