import { CircleCheckBig, CircleStop, Eye, Hand, Pause, Play, XCircle } from "lucide-react";
import { useClock } from "@/components/time";
import { Button } from "@/components/ui/button";
import { clock } from "@/lib/clock";
import { useShortcuts } from "@/lib/shortcuts";
import type { StageCommand } from "./protocol";
import type { StageSnapshot } from "./stage";
import type { StageView } from "./view";

/** What is being recorded, how long, by whom, and the ways to end it. */
export function SessionHead({
  name,
  snapshot,
  driving,
  picking,
  send,
  onPick,
  onStop,
  onCancel,
  ending,
}: {
  name: string;
  snapshot: StageSnapshot;
  driving: boolean;
  picking: boolean;
  send: (command: StageCommand) => void;
  onPick: (on: boolean) => void;
  onStop: () => void;
  onCancel: () => void;
  ending: boolean;
}) {
  const { view } = snapshot;
  const paused = view.state?.paused ?? false;
  useShortcuts([
    {
      keys: "a",
      label: picking ? "Stop picking" : "Pick an element to assert",
      group: "This page",
      run: () => driving && onPick(!picking),
    },
    {
      keys: "p",
      label: paused ? "Go on recording" : "Pause the recording",
      group: "This page",
      run: () => driving && send({ op: paused ? "resume" : "pause" }),
    },
    { keys: "", label: "Stop and keep the recording", group: "This page", run: onStop },
  ]);
  return (
    <header className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-3 py-2 md:px-4">
      <h1 className="min-w-0 truncate text-lg font-semibold tracking-tight" title={name}>
        {name}
      </h1>
      <Counter snapshot={snapshot} />
      <Seats view={view} driving={driving} send={send} />
      <div className="ml-auto flex flex-wrap gap-2 max-sm:[&_svg]:hidden">
        <Button
          aria-pressed={picking}
          disabled={!driving}
          className={picking ? "border-focus! bg-select!" : undefined}
          onClick={() => onPick(!picking)}
          title="Pick an element and claim something about it (a)"
        >
          <CircleCheckBig aria-hidden="true" /> Assert
        </Button>
        <Button
          disabled={!driving}
          onClick={() => send({ op: paused ? "resume" : "pause" })}
          title={paused ? "Record again what is done (p)" : "Do something unrecorded (p)"}
        >
          {paused ? <Play aria-hidden="true" /> : <Pause aria-hidden="true" />}
          {paused ? "Go on" : "Pause"}
        </Button>
        <Button disabled={ending} onClick={onCancel} title="Throw the recording away">
          <XCircle aria-hidden="true" /> Cancel…
        </Button>
        <Button
          look="primary"
          disabled={ending}
          onClick={onStop}
          title="End here and keep everything"
        >
          <CircleStop aria-hidden="true" /> {ending ? "Ending…" : "Stop and keep"}
        </Button>
      </div>
    </header>
  );
}

/** A light, a word and the time: recording, paused, or not live. */
function Counter({ snapshot }: { snapshot: StageSnapshot }) {
  const { view, status, since } = snapshot;
  const now = useClock();
  const { state, stateAt } = view;
  const running = status === "live" && state && !state.paused;
  const ms = (state?.elapsedMs ?? 0) + (running ? Math.max(0, now - stateAt) : 0);
  return (
    <span
      className="flex items-center gap-2 text-sm"
      data-testid="stage-status"
      data-status={status}
    >
      <Lamp on={Boolean(running)} />
      <span className="font-medium">
        {running
          ? "Recording"
          : state?.paused
            ? "Paused"
            : status === "ended"
              ? "Ended"
              : status === "live"
                ? "Connected"
                : since && status === "reconnecting"
                  ? `No picture since ${clock(since)}`
                  : "Connecting"}
      </span>
      <span className="num text-ink-2">{counter(ms)}</span>
    </span>
  );
}

function Lamp({ on }: { on: boolean }) {
  return (
    <span
      aria-hidden="true"
      className={
        on
          ? "size-2.5 animate-[breathe_1.6s_ease-in-out_infinite] rounded-full bg-danger"
          : "size-2.5 rounded-full border-2 border-warn"
      }
    />
  );
}

/** As a tape counter: minutes and seconds. */
export function counter(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}

function Seats({
  view,
  driving,
  send,
}: {
  view: StageView;
  driving: boolean;
  send: (command: StageCommand) => void;
}) {
  const { state } = view;
  if (!state) return null;
  const others = state.viewers - 1;
  if (driving) {
    if (others < 1) return null;
    return (
      <span className="flex items-center gap-2 text-sm text-ink-2">
        <Eye className="size-4" aria-hidden="true" />
        {others === 1 ? "One other watches" : `${others} others watch`}
        <Button size="sm" onClick={() => send({ op: "release" })} title="Let somebody else drive">
          Hand over
        </Button>
      </span>
    );
  }
  return (
    <span className="flex items-center gap-2 text-sm text-ink-2">
      <Eye className="size-4" aria-hidden="true" />
      {state.driver ? "You watch; whoever drives can hand over" : "Nobody drives"}
      {!state.driver && (
        <Button size="sm" look="primary" onClick={() => send({ op: "drive" })}>
          <Hand aria-hidden="true" /> Drive
        </Button>
      )}
    </span>
  );
}
