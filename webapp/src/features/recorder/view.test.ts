import { expect, test } from "vitest";
import { parseStageMessage, type StageMessage } from "./protocol";
import { applyMessage, closed, emptyView, type StageView } from "./view";

function told(...messages: object[]) {
  return messages.reduce<StageView>((view, message) => {
    const parsed = parseStageMessage(JSON.stringify(message));
    if (!parsed) throw new Error(`not understood: ${JSON.stringify(message)}`);
    return applyMessage(view, parsed, 5000);
  }, emptyView);
}

const hello = {
  ...{ op: "hello", sessionId: "s", viewer: "v1", you: "driver" },
  viewport: { width: 1280, height: 800, mobile: false, deviceScaleFactor: 1 },
};
const choose = {
  ...{ op: "choose", id: "c1", box: { x: 1, y: 2, width: 3, height: 4 }, multiple: false },
  options: [{ value: "a", label: "A", group: "", disabled: false, selected: true }],
};

test("what is not of the protocol is passed over", () => {
  expect(parseStageMessage("nonsense")).toBeNull();
  expect(parseStageMessage('{"op":"later"}')).toBeNull();
  expect(parseStageMessage('{"op":"state","pages":7}')).toBeNull();
  expect(parseStageMessage('{"op":"cursor"}')).toBeNull();
});

test("the state comes with the time at which it came", () => {
  const view = told(hello, {
    ...{ op: "state", active: "page", driver: null, viewers: 2, paused: true, mode: "script" },
    ...{ elapsedMs: 1200, steps: 3, pages: [{ page: "page", url: "https://a.example" }] },
  });
  expect(view.hello?.viewer).toBe("v1");
  expect(view.state).toMatchObject({ driver: null, viewers: 2, paused: true });
  expect(view.stateAt).toBe(5000);
});

test("an ask is there until it is closed, and only that one", () => {
  const view = told(hello, choose, { op: "dialog", id: "d1", kind: "confirm", message: "Sure?" });
  expect(view.choose?.id).toBe("c1");
  expect(closed(view, "d1")).toMatchObject({ choose: { id: "c1" }, dialog: null });
  const after = applyMessage(view, { op: "closed", id: "c1" } as StageMessage, 0);
  expect(after).toMatchObject({ choose: null, dialog: { id: "d1" } });
  expect(applyMessage(after, { op: "closed", id: "c9" } as StageMessage, 0).dialog?.id).toBe("d1");
});

test("the highlight follows, and a pick takes its place", () => {
  const box = { x: 1, y: 1, width: 9, height: 9 };
  const over = told(hello, { op: "highlight", box, label: "button" });
  expect(over.highlight).toEqual({ box, label: "button" });
  expect(told(hello, { op: "highlight", box: null, label: "" }).highlight).toBeNull();
  const picked = told(hello, {
    ...{ op: "picked", pickId: "p1", label: "button", box, suggestions: [{ claim: "visible" }] },
    target: { candidates: [{ by: "role", selector: "x", matches: 1 }] },
  });
  expect(picked.highlight).toBeNull();
  expect(picked.picked).toMatchObject({ pickId: "p1", suggestions: [{ claim: "visible" }] });
  expect(picked.picked?.target?.candidates[0]).toMatchObject({ by: "role", matches: 1 });
});

test("notes and suggestions have numbers of their own and are bounded", () => {
  const many = Array.from({ length: 60 }, (_, i) => ({
    op: "notice",
    level: "info",
    text: `${i}`,
  }));
  const view = told(hello, ...many, { op: "error", message: "no" });
  expect(view.notes).toHaveLength(50);
  expect(new Set(view.notes.map((note) => note.number)).size).toBe(50);
  expect(view.notes.at(-1)).toMatchObject({ level: "error", text: "no" });
  const downloads = told(hello, { op: "download", name: "a.pdf", size: 1, status: "failed" });
  expect(downloads.notes[0]).toMatchObject({ level: "error" });
  const suggested = {
    op: "suggested",
    pickId: "p2",
    target: null,
    assertion: { claim: "visible" },
  };
  expect(told(hello, ...Array(9).fill(suggested)).suggestions).toHaveLength(4);
});

test("a new seat forgets what the old one had open, but not what was noted", () => {
  const view = told(hello, choose, { op: "notice", level: "info", text: "kept" }, hello);
  expect(view.choose).toBeNull();
  expect(view.notes.map((note) => note.text)).toEqual(["kept"]);
});
