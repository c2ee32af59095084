import { expect, test } from "vitest";
import type { TapeEvent } from "./api";
import type { Recording, Step } from "./recording";
import { applyEvents, isRecordingEvent, moved } from "./recording-fold";

const start: Recording = {
  ...{ recordingId: "r", project: "p", status: "recording", attempt: 1, mode: "interactive" },
  ...{ url: "", name: "n", steps: [], canUndo: false, canRedo: false, version: 1 },
};
let at = 1;
const event = (type: string, data: object, sequence = ++at) =>
  ({ type: `recording.${type}`, data, sequence, stream: "recording/r", time: "t" }) as TapeEvent;
const step = (id: string, title = id): Step => ({ id, type: "click", title });
const ids = (recording: Recording) => recording.steps.map((each) => each.id).join("");

function folded(from: Recording, ...events: [string, object][]) {
  at = from.version;
  return applyEvents(
    from,
    events.map(([type, data]) => event(type, data)),
  );
}

test("steps are added, grow, are moved and taken away", () => {
  const { recording, reload } = folded(
    start,
    ["step_recorded", { step: step("a") }],
    ["step_recorded", { step: step("b") }],
    ["step_changed", { step: step("a", "grown") }],
    ["step_inserted", { step: step("c"), index: 1 }],
    ["step_moved", { stepId: "b", index: 0 }],
    ["step_removed", { stepId: "a" }],
  );
  expect(reload).toBe(false);
  expect(ids(recording)).toBe("bc");
  expect(recording.version).toBe(7);
  expect(recording.canUndo).toBe(false);
});

test("what is known already is not applied twice", () => {
  const { recording } = folded(start, ["step_recorded", { step: step("a") }]);
  const again = applyEvents(recording, [event("step_recorded", { step: step("a") }, 2)]);
  expect(again).toEqual({ recording, reload: false });
});

test("a gap and a reverted past have to be asked for", () => {
  const gap = applyEvents(start, [event("step_recorded", { step: step("a") }, 5)]);
  expect(gap).toEqual({ recording: start, reload: true });
  const { recording, reload } = folded(
    start,
    ["renamed", { name: "x" }],
    ["reverted", { version: 1, way: "undo" }],
  );
  expect(reload).toBe(true);
  expect(recording.name).toBe("x");
});

test("only edits after the end can be undone", () => {
  const ended = folded(start, ["finished", { outcome: "complete", durationMs: 9 }]).recording;
  expect(ended).toMatchObject({ status: "complete", durationMs: 9, canUndo: false });
  const edited = folded({ ...ended, canRedo: true }, ["filed", { folder: "shop" }]).recording;
  expect(edited).toMatchObject({ folder: "shop", canUndo: true, canRedo: false });
  const captured = folded(ended, ["step_changed", { step: step("a") }]).recording;
  expect(captured.canUndo).toBe(false);
});

test("a later attempt begins again", () => {
  const first = folded(start, ["step_recorded", { step: step("a") }]).recording;
  const again = folded(first, ["started", { attempt: 2, name: "n2" }]).recording;
  expect(again).toMatchObject({ attempt: 2, name: "n2", steps: [], status: "recording" });
});

test("an outcome that is not known is a failure, and an unknown event changes nothing", () => {
  expect(folded(start, ["finished", { outcome: "odd" }]).recording.status).toBe("failed");
  const later = folded(start, ["from_the_future", { name: "x" }]).recording;
  expect(later).toMatchObject({ name: "n", version: 2 });
});

test("removed and restored", () => {
  expect(folded(start, ["removed", {}]).recording.removed).toBe(true);
  expect(folded(start, ["removed", {}], ["restored", {}]).recording.removed).toBe(false);
});

test("a step that is not there is not moved", () => {
  const steps = [step("a"), step("b")];
  expect(moved(steps, "x", 0)).toBe(steps);
  expect(moved(steps, "a", 9).map((each) => each.id)).toEqual(["b", "a"]);
});

test("events of jobs are told from those of recordings", () => {
  expect(isRecordingEvent(event("renamed", {}))).toBe(true);
  expect(isRecordingEvent({ ...event("x", {}), stream: "job/r" })).toBe(false);
});
