import { useSyncExternalStore } from "react";
import { ago, duration, stamp } from "@/lib/time";

// One clock for all: every shown age moves in the same frame, and only while somebody looks.
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;

function subscribe(tell: () => void) {
  listeners.add(tell);
  timer ??= setInterval(() => {
    if (document.hidden) return;
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(tell);
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

/** The time now, to the second. */
export function useClock(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** How long ago, moving; the full time is in its title. */
export function Ago({ time }: { time: string }) {
  const at = useClock();
  return (
    <time dateTime={time} title={stamp(time)} className="num whitespace-nowrap">
      {ago(time, Math.max(at, Date.parse(time) > at + 1500 ? at : Date.parse(time)))}
    </time>
  );
}

/** How long something takes or took; without an end it moves. */
export function Took({ from, to }: { from: string; to?: string }) {
  return to ? <Fixed ms={Date.parse(to) - Date.parse(from)} /> : <Moving from={from} />;
}

function Moving({ from }: { from: string }) {
  return <Fixed ms={Math.max(0, useClock() - Date.parse(from))} />;
}

function Fixed({ ms }: { ms: number }) {
  return <span className="num whitespace-nowrap">{duration(ms)}</span>;
}
