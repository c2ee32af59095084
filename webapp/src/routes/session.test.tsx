import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FakeServer } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

function live(): FakeServer {
  const fake = new FakeServer();
  fake.recorder.session("job-s1", { name: "Checkout" });
  return fake;
}

async function open(fake = live()) {
  const page = renderPage("/record/job-s1", fake);
  const canvas = await screen.findByTestId("stage");
  canvas.getBoundingClientRect = () => ({ left: 100, top: 50, width: 640, height: 400 }) as DOMRect;
  const socket = () => [...fake.recorder.sockets].at(-1);
  const sent = (op: string) =>
    socket()?.commands.filter((command) => command.op === op) as Record<string, unknown>[];
  return { page, canvas, sent, say: (message: object) => fake.recorder.say(message) };
}

const keyboard = () => screen.getByLabelText("Keyboard of the page");

test("a click on the picture is a click in the page, at its own place", async () => {
  const { page, canvas, sent } = await open();
  using _ = page;
  fireEvent.pointerDown(canvas, { clientX: 420, clientY: 250, button: 0, buttons: 1 });
  fireEvent.pointerUp(canvas, { clientX: 420, clientY: 250, button: 0 });
  expect(sent("mouse")).toMatchObject([
    { type: "down", x: 640, y: 400, button: "left", buttons: 1, clickCount: 1 },
    { type: "up", x: 640, y: 400, button: "left", clickCount: 1 },
  ]);
  expect(keyboard()).toHaveFocus();
  const menu = new MouseEvent("contextmenu", { cancelable: true, bubbles: true });
  canvas.dispatchEvent(menu);
  expect(menu.defaultPrevented).toBe(true);
});

test("keys go to the page, Tab too, until the way out is pressed", async () => {
  const { page, sent } = await open();
  using _ = page;
  keyboard().focus();
  const user = userEvent.setup();
  await user.keyboard("a{Tab}");
  expect(sent("key").map(({ type, key, text }) => [type, key, text])).toEqual([
    ["down", "a", "a"],
    ["up", "a", undefined],
    ["down", "Tab", undefined],
    ["up", "Tab", undefined],
  ]);
  expect(keyboard()).toHaveFocus();
  await user.keyboard("{Control>}{Alt>}{Enter}{/Alt}{/Control}");
  expect(screen.getByLabelText("Address")).toHaveFocus();
  expect(sent("key").filter(({ key }) => key === "Enter")).toEqual([]);
});

test("a key beside the page ends nothing", async () => {
  const { page } = await open();
  using _ = page;
  await userEvent.keyboard("xEA ");
  expect(page.fake.requests.filter((r) => r.path.endsWith("/stop"))).toEqual([]);
  expect(screen.getByRole("button", { name: "Stop and keep" })).toBeEnabled();
});

test("keys that are held when the focus leaves are let go", async () => {
  const { page, sent } = await open();
  using _ = page;
  keyboard().focus();
  fireEvent.keyDown(keyboard(), { key: "Shift", code: "ShiftLeft", shiftKey: true });
  fireEvent.blur(keyboard());
  expect(sent("key").at(-1)).toMatchObject({ type: "up", key: "Shift" });
});

test("paste and an input method's words go as text", async () => {
  const { page, sent } = await open();
  using _ = page;
  keyboard().focus();
  await userEvent.paste("pasted");
  fireEvent.compositionStart(keyboard());
  fireEvent.compositionUpdate(keyboard(), { data: "にほ" });
  fireEvent.keyDown(keyboard(), { key: "Process", keyCode: 229 });
  fireEvent.compositionEnd(keyboard(), { data: "日本" });
  expect(sent("text").map(({ text }) => text)).toEqual(["pasted", "日本"]);
  expect(sent("compose")).toMatchObject([{ text: "にほ", selectionStart: 2, selectionEnd: 2 }]);
  expect(sent("key")).toEqual([]);
});

test("steps grow beside the picture as they happen", async () => {
  const { page } = await open();
  using _ = page;
  page.fake.recorder.step("job-s1", { id: "a", type: "fill", title: "Fill “Na”" });
  expect(await screen.findByText("Fill “Na”")).toBeVisible();
  page.fake.recorder.append("job-s1", "recording.step_changed", {
    step: { id: "a", type: "fill", title: "Fill “Name”" },
  });
  expect(await screen.findByText("Fill “Name”")).toBeVisible();
  page.fake.recorder.append("job-s1", "recording.step_removed", { stepId: "a" });
  expect(await screen.findByText(/Nothing yet/)).toBeVisible();
});

test("an assertion is picked on the picture, edited and added; no key goes to the page", async () => {
  const { page, sent, say } = await open();
  using _ = page;
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Assert" }));
  expect(sent("pick")).toMatchObject([{ mode: "assert" }]);
  const box = { x: 0, y: 0, width: 100, height: 50 };
  say({ op: "highlight", box, label: "getByText('Total')" });
  expect(await screen.findByTestId("highlight")).toHaveTextContent("getByText('Total')");
  say({
    ...{ op: "picked", pickId: "p1", label: "Total", box },
    target: { candidates: [{ by: "text", selector: "t", matches: 1 }] },
    suggestions: [{ claim: "visible" }, { claim: "text", expected: "12 €", match: "contains" }],
  });
  await user.click(await screen.findByRole("button", { name: "has text containing “12 €”" }));
  const expected = screen.getByLabelText("Expected");
  await user.clear(expected);
  await user.type(expected, "13 €");
  await user.click(screen.getByRole("button", { name: "Add the assertion" }));
  expect(sent("assert")).toEqual([
    { op: "assert", pickId: "p1", claim: "text", expected: "13 €", match: "contains" },
  ]);
  expect(sent("pick").at(-1)).toMatchObject({ mode: "off" });
  await user.click(screen.getByRole("button", { name: "Assert" }));
  keyboard().focus();
  await user.keyboard("{Escape}");
  expect(sent("pick").at(-1)).toMatchObject({ mode: "off" });
  expect(sent("key").filter(({ key, type }) => key === "Escape" && type === "down")).toEqual([]);
});

test("an assertion needs no pointer: of the page, or of the last step's element", async () => {
  const { page, sent } = await open();
  using _ = page;
  const user = userEvent.setup();
  const target = { candidates: [{ by: "role", selector: "r", matches: 1 }] };
  page.fake.recorder.step("job-s1", { id: "a", type: "click", title: "Click it", target });
  await screen.findByText("Click it");
  await user.click(screen.getByRole("button", { name: "Assert" }));
  await user.click(screen.getByRole("button", { name: "About the page" }));
  await user.click(screen.getByRole("button", { name: "Add the assertion" }));
  expect(sent("assert")).toMatchObject([{ pickId: "", claim: "url" }]);
  await user.click(screen.getByRole("button", { name: "Assert" }));
  await user.click(screen.getByRole("button", { name: "About the last step’s element" }));
  await user.click(screen.getByRole("button", { name: "Add the assertion" }));
  const steps = () => page.fake.recorder.reels.get("job-s1")?.state.steps ?? [];
  await waitFor(() => expect(steps()).toHaveLength(2));
  expect(steps()[1]).toMatchObject({ type: "assert", target, assertion: { claim: "visible" } });
});

test("a suggestion is taken over or put away", async () => {
  const { page, sent, say } = await open();
  using _ = page;
  for (const label of ["Paid appeared", "Banner appeared"]) {
    say({
      op: "suggested",
      pickId: label,
      assertion: { claim: "visible", suggested: true },
      label,
    });
  }
  const list = await screen.findByRole("region", { name: "Suggested assertions" });
  const user = userEvent.setup();
  await user.click(within(list).getByRole("button", { name: "Assert: Paid appeared" }));
  await user.click(within(list).getByRole("button", { name: /Not this one/ }));
  expect(sent("assert")).toEqual([{ op: "assert", pickId: "Paid appeared", claim: "visible" }]);
  expect(screen.queryByText("Banner appeared")).toBeNull();
});

test("the page's dialogs, lists and file choosers are answered here", async () => {
  const { page, sent, say } = await open();
  using _ = page;
  const user = userEvent.setup();
  say({ op: "dialog", id: "d1", kind: "prompt", message: "Your name?", default: "M" });
  await user.type(await screen.findByLabelText("Answer"), "ira{Enter}");
  expect(sent("dialog")).toEqual([{ op: "dialog", id: "d1", accept: true, text: "Mira" }]);
  say({ op: "dialog", id: "d2", kind: "confirm", message: "Sure?" });
  await screen.findByRole("dialog", { name: "The page asks" });
  await user.keyboard("{Escape}");
  expect(sent("dialog").at(-1)).toEqual({ op: "dialog", id: "d2", accept: false });

  const option = (value: string, more = {}) => ({ value, label: value.toUpperCase(), ...more });
  say({
    ...{ op: "choose", id: "c1", multiple: false },
    options: [option("s", { selected: true }), option("m", { disabled: true }), option("l")],
  });
  await screen.findByRole("listbox");
  await user.keyboard("{ArrowDown}{Enter}");
  expect(sent("choose")).toEqual([{ op: "choose", id: "c1", values: ["l"] }]);
  expect(screen.queryByRole("listbox")).toBeNull();

  say({ op: "files", id: "f1", multiple: false, accept: "" });
  await user.upload(await screen.findByLabelText("File"), new File(["hi"], "a.txt"));
  await user.click(screen.getByRole("button", { name: "Give to the page" }));
  await waitFor(() => expect(sent("files")).toHaveLength(1));
  expect(sent("files")[0]).toMatchObject({ id: "f1", files: [{ name: "a.txt", data: "aGk=" }] });
});

test("who watches sends nothing, and drives once nobody else does", async () => {
  const fake = live();
  fake.recorder.greet = (socket) => socket.hello("watcher");
  const { page, canvas, sent } = await open(fake);
  using _ = page;
  fireEvent.pointerDown(canvas, { clientX: 420, clientY: 250 });
  expect(sent("mouse")).toEqual([]);
  expect(screen.getByText(/You watch; whoever drives/)).toBeVisible();
  expect(keyboard()).toBeDisabled();
  for (const socket of page.fake.recorder.sockets) socket.state({ driver: null });
  await userEvent.click(await screen.findByRole("button", { name: "Drive" }));
  expect(sent("drive")).toHaveLength(1);
});

test("on a phone's viewport the pointer is a finger", async () => {
  const fake = live();
  fake.recorder.greet = (socket) => socket.hello("driver", true);
  const { page, canvas, sent } = await open(fake);
  using _ = page;
  fireEvent.pointerDown(canvas, { clientX: 420, clientY: 250, pointerId: 7 });
  fireEvent.pointerUp(canvas, { clientX: 420, clientY: 250, pointerId: 7 });
  expect(sent("mouse")).toEqual([]);
  expect(sent("touch").map(({ type, points }) => [type, (points as []).length])).toEqual([
    ["start", 1],
    ["end", 0],
  ]);
});

test("it says that no picture comes, and comes back by itself", async () => {
  const { page } = await open();
  using _ = page;
  for (const socket of [...page.fake.recorder.sockets]) socket.close();
  expect(await screen.findByText(/No picture since/)).toBeVisible();
  await waitFor(() => expect(screen.getByTestId("stage-status")).toHaveTextContent("Recording"));
});

test("stopping keeps it and leads to it", async () => {
  const { page } = await open();
  using _ = page;
  await userEvent.click(screen.getByRole("button", { name: "Stop and keep" }));
  expect(await screen.findByRole("button", { name: "Ending…" })).toBeDisabled();
  page.fake.recorder.finish("job-s1");
  page.fake.succeed("job-s1");
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/recordings/job-s1"));
});

test("cancelling asks first, then throws it away", async () => {
  const { page } = await open();
  using _ = page;
  const user = userEvent.setup();
  const asked = () => page.fake.requests.filter((r) => r.path.endsWith("/cancel")).length;
  await user.click(screen.getByRole("button", { name: "Cancel…" }));
  await user.click(await screen.findByRole("button", { name: "Go on recording" }));
  expect(asked()).toBe(0);
  await user.click(screen.getByRole("button", { name: "Cancel…" }));
  await user.click(await screen.findByRole("button", { name: "Throw away" }));
  expect(await screen.findByText("The recording was thrown away")).toBeVisible();
  expect(asked()).toBe(1);
});

test("it waits for a worker, then for the browser, then shows it", async () => {
  const fake = new FakeServer();
  fake.submit({ kind: "recorder.record", input: {} }, "job-s1");
  fake.recorder.greet = () => {};
  using page = renderPage("/record/job-s1", fake);
  expect(await screen.findByText("Waiting for a recorder")).toBeVisible();
  page.fake.start("job-s1");
  expect(await screen.findByText("The browser is starting")).toBeVisible();
  page.fake.recorder.begin("job-s1", { name: "Late" });
  await waitFor(() => expect(page.fake.recorder.sockets.size).toBe(1));
  for (const socket of page.fake.recorder.sockets) socket.hello();
  expect(await screen.findByRole("heading", { name: "Late" })).toBeVisible();
});

test("a failure says its reason and can be tried again", async () => {
  const fake = new FakeServer();
  fake.submit({ kind: "recorder.record", input: {} }, "job-s1");
  fake.start("job-s1");
  fake.fail("job-s1", { code: "egress", message: "10.0.0.1 is not allowed" });
  using page = renderPage("/record/job-s1", fake);
  expect(await screen.findByText("10.0.0.1 is not allowed")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("Waiting for a recorder")).toBeVisible();
  expect(page.fake.requests.some((r) => r.path === "/api/jobs/job-s1/retry")).toBe(true);
});

test("a session that does not exist says so", async () => {
  using _page = renderPage("/record/nothing");
  expect(await screen.findByText("There is no such session")).toBeVisible();
});
