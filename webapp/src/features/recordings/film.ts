import type { Step } from "@/lib/recording";

export interface FilmFrame {
  file: string;
  offsetMs: number;
  page?: string;
}

/** Reads film/index.json, in the order of time. */
export function readFilm(text: string | null): FilmFrame[] {
  if (text === null) return [];
  const frames = JSON.parse(text) as FilmFrame[];
  if (!Array.isArray(frames)) return [];
  return frames
    .filter((frame) => typeof frame?.file === "string" && Number.isFinite(frame.offsetMs))
    .sort((a, b) => a.offsetMs - b.offsetMs);
}

/** What was on screen at a time: the last frame until then, the first before all. */
export function frameAt(frames: FilmFrame[], ms: number): FilmFrame | undefined {
  let low = 0;
  let high = frames.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((frames[middle]?.offsetMs ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return frames[Math.max(0, low - 1)];
}

/** The step that was last done at a time. */
export function stepAt(steps: Step[], ms: number): Step | undefined {
  const done = steps.filter((step) => step.evidence && step.evidence.offsetMs <= ms);
  return done.reduce<Step | undefined>(
    (latest, step) => (latest && offsetOf(latest) > offsetOf(step) ? latest : step),
    undefined,
  );
}

export function offsetOf(step: Step): number {
  return step.evidence?.offsetMs ?? 0;
}

/** So many pictures, evenly over the whole time. */
export function sampled(frames: FilmFrame[], lengthMs: number, count: number): FilmFrame[] {
  if (frames.length === 0) return [];
  const all = Array.from({ length: count }, (_, i) =>
    frameAt(frames, ((i + 0.5) / count) * lengthMs),
  );
  return all.filter((frame) => frame !== undefined);
}

/** How long the scrubber is: the recording, and everything that is said to lie in it. */
export function lengthOf(
  durationMs: number | undefined,
  steps: Step[],
  frames: FilmFrame[],
): number {
  const ends = steps.map((step) => offsetOf(step) + (step.evidence?.durationMs ?? 0));
  return Math.max(1, durationMs ?? 0, frames.at(-1)?.offsetMs ?? 0, ...ends);
}
