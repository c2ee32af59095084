import { clsx } from "clsx";
import { Clapperboard, Pause, Play } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { useStored } from "@/lib/hooks";
import { artifactURL } from "@/lib/recorder-api";
import type { Step } from "@/lib/recording";
import { titleOf } from "@/lib/steps";
import { duration } from "@/lib/time";
import { type FilmFrame, lengthOf, offsetOf, sampled } from "./film";

const PICTURES = 14;

/** The film and the steps on one line of time. */
export function Scrubber({
  id,
  frames,
  steps,
  durationMs,
  at,
  selected,
  onTime,
  onStep,
  video,
  onVideo,
}: {
  id: string;
  frames: FilmFrame[];
  steps: Step[];
  durationMs: number | undefined;
  at: number;
  selected: Step | undefined;
  onTime: (ms: number) => void;
  onStep: (step: Step) => void;
  /** Whether the video is shown; undefined when there is none. */
  video: boolean | undefined;
  onVideo: (on: boolean) => void;
}) {
  const length = lengthOf(durationMs, steps, frames);
  const label = useId();
  const { playing, toggle } = usePlayback(at, length, onTime);
  const share = (ms: number) => `${Math.min(100, (ms / length) * 100)}%`;
  return (
    <div className="flex shrink-0 items-center gap-3 border-y border-line bg-panel px-4 py-2 md:px-6">
      <Button
        size="icon"
        disabled={frames.length === 0}
        onClick={toggle}
        aria-label={playing ? "Pause the film" : "Play the film"}
        title={frames.length === 0 ? "There is no film" : undefined}
      >
        {playing ? <Pause aria-hidden="true" /> : <Play aria-hidden="true" />}
      </Button>
      <div className="relative min-w-0 grow rounded-sm has-[input:focus-visible]:outline-2 has-[input:focus-visible]:outline-offset-2 has-[input:focus-visible]:outline-focus">
        <div
          aria-hidden="true"
          className="flex h-11 overflow-hidden rounded-sm border border-line bg-well"
        >
          {sampled(frames, length, PICTURES).map((frame, i) => (
            <img
              key={i}
              src={artifactURL(id, `film/${frame.file.replace(/^film\//, "")}`)}
              alt=""
              loading="lazy"
              className="h-full min-w-0 flex-1 object-cover object-top opacity-80"
            />
          ))}
        </div>
        <span
          aria-hidden="true"
          className="pointer-events-none absolute top-[-3px] h-[calc(2.75rem+6px)] w-0.5 bg-accent"
          style={{ left: share(at) }}
        />
        <ol aria-hidden="true" className="relative h-3">
          {steps.map((step, i) =>
            step.evidence ? (
              <li
                key={step.id}
                className="absolute top-0.5 -ml-1"
                style={{ left: share(offsetOf(step)) }}
              >
                <button
                  type="button"
                  tabIndex={-1}
                  title={`${i + 1}. ${titleOf(step)}`}
                  onClick={() => onStep(step)}
                  className={clsx(
                    "block h-2.5 w-2 rounded-xs",
                    step.id === selected?.id ? "bg-accent" : "bg-line-strong hover:bg-ink",
                  )}
                />
              </li>
            ) : null,
          )}
        </ol>
        <label htmlFor={label} className="sr-only">
          Time in the recording
        </label>
        <input
          id={label}
          type="range"
          min={0}
          max={length}
          step={Math.max(1, Math.round(length / 1000))}
          value={Math.min(at, length)}
          aria-valuetext={`${duration(at)} of ${duration(length)}${selected ? `, ${titleOf(selected)}` : ""}`}
          onChange={(event) => onTime(Number(event.target.value))}
          className="absolute inset-x-0 top-0 h-11 w-full cursor-ew-resize opacity-0"
        />
      </div>
      {video !== undefined && (
        <Button
          aria-pressed={video}
          onClick={() => onVideo(!video)}
          className={video ? "border-focus! bg-select!" : undefined}
        >
          <Clapperboard aria-hidden="true" /> Video
        </Button>
      )}
      <output className="num w-28 shrink-0 text-right text-sm max-sm:hidden" htmlFor={label}>
        {duration(at)} <span className="text-ink-3">of {duration(length)}</span>
      </output>
    </div>
  );
}

/** Lets the time run, as the film was taken. */
function usePlayback(at: number, length: number, onTime: (ms: number) => void) {
  const [playing, setPlaying] = useState(false);
  const latest = useStored({ at, length, onTime });
  const shown = useRef(0);
  useEffect(() => {
    if (!playing) return;
    let now = latest.current.at >= latest.current.length ? 0 : latest.current.at;
    shown.current = now;
    let before = performance.now();
    const id = setInterval(() => {
      // Somebody moved the scrubber: go on from there.
      if (Math.abs(latest.current.at - shown.current) > 400) now = latest.current.at;
      const time = performance.now();
      now = Math.min(latest.current.length, now + time - before);
      before = time;
      shown.current = Math.round(now);
      latest.current.onTime(shown.current);
      if (now >= latest.current.length) setPlaying(false);
    }, 125);
    return () => clearInterval(id);
  }, [playing, latest]);
  return { playing, toggle: () => setPlaying((on) => !on) };
}
