import type { TapeEvent } from "./api";
import type { Recording, RecordingStatus, Step, Variable } from "./recording";

type Data = Record<string, unknown>;

/** Whether the event is of a recording's stream. */
export function isRecordingEvent(event: TapeEvent): boolean {
  return event.stream.startsWith("recording/");
}

/**
 * A loaded recording with what happened since. What it holds already is passed over by its sequence;
 * `reload` says that it can only be known by asking: something is missing, or the past was brought back.
 */
export function applyEvents(
  recording: Recording,
  events: TapeEvent[],
): { recording: Recording; reload: boolean } {
  let next = recording;
  for (const event of events) {
    if (event.sequence <= next.version) continue;
    if (event.sequence !== next.version + 1 || event.type === "recording.reverted") {
      return { recording: next, reload: true };
    }
    next = applyEvent(next, event);
  }
  return { recording: next, reload: false };
}

function applyEvent(recording: Recording, event: TapeEvent): Recording {
  const data = (event.data ?? {}) as Data;
  const next = {
    ...recording,
    ...change(recording, event.type, data),
    version: event.sequence,
    updatedAt: event.time,
  };
  if (isEdit(event.type, data) && next.status !== "recording") {
    return { ...next, canUndo: true, canRedo: false };
  }
  return next;
}

function change(recording: Recording, type: string, data: Data): Partial<Recording> {
  const { steps } = recording;
  const step = data.step as Step;
  switch (type) {
    case "recording.started":
      return started(data);
    case "recording.step_recorded":
      return { steps: [...steps, step] };
    case "recording.step_changed":
      return { steps: steps.map((have) => (have.id === step.id ? step : have)) };
    case "recording.step_inserted":
      return { steps: steps.toSpliced(Number(data.index ?? 0), 0, step) };
    case "recording.step_removed":
      return { steps: steps.filter((have) => have.id !== data.stepId) };
    case "recording.step_moved":
      return { steps: moved(steps, String(data.stepId), Number(data.index ?? 0)) };
    case "recording.renamed":
      return { name: String(data.name) };
    case "recording.filed":
      return { folder: String(data.folder ?? "") };
    case "recording.variables_set":
      return { variables: (data.variables as Variable[] | null) ?? [] };
    case "recording.finished":
      return finished(data);
    case "recording.removed":
      return { removed: true };
    case "recording.restored":
      return { removed: false };
    default:
      return {};
  }
}

// A later attempt of its job records from the beginning.
function started(data: Data): Partial<Recording> {
  return {
    ...(data as Partial<Recording>),
    status: "recording",
    steps: [],
    durationMs: undefined,
    reason: undefined,
    canUndo: false,
    canRedo: false,
  };
}

function finished(data: Data): Partial<Recording> {
  const { outcome, reason, durationMs, thumbnail, masked, notes } = data as Data &
    Partial<Recording>;
  const known: RecordingStatus[] = ["complete", "cancelled"];
  const status = known.find((each) => each === outcome) ?? "failed";
  return { status, reason, durationMs, thumbnail, masked, notes };
}

function isEdit(type: string, data: Data): boolean {
  if (type === "recording.step_changed" || type === "recording.step_removed") {
    return data.edited === true;
  }
  return [
    "recording.step_inserted",
    "recording.step_moved",
    "recording.renamed",
    "recording.filed",
    "recording.variables_set",
  ].includes(type);
}

/** The steps with one of them at another place. */
export function moved(steps: Step[], id: string, index: number): Step[] {
  const step = steps.find((each) => each.id === id);
  if (!step) return steps;
  return steps.filter((each) => each.id !== id).toSpliced(index, 0, step);
}
