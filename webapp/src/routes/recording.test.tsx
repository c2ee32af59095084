import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Step } from "@/lib/recording";
import { FakeServer } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

const button: Step = {
  ...{ id: "s2", type: "click", title: "Click Save", by: "person" },
  target: {
    candidates: [
      { by: "role", selector: "role=button", locator: "getByRole('button')", matches: 1 },
      { by: "text", selector: "text=Save", locator: "getByText('Save')", matches: 2 },
    ],
    element: { tag: "button", role: "button", name: "Save" },
  },
  evidence: {
    ...{ offsetMs: 2000, screenshot: "screenshots/s2.png", viewport: { width: 1000, height: 500 } },
    box: { x: 100, y: 50, width: 200, height: 100 },
    requests: [{ entry: 1, method: "POST", url: "https://a.example/save", status: 500 }],
  },
};

function recorded(): FakeServer {
  const fake = new FakeServer();
  fake.recorder.session("r1", { name: "Save a draft", secrets: [{ name: "pw" }] });
  const { recorder } = fake;
  recorder.step("r1", { id: "s1", type: "navigate", url: "https://a.example", title: "Go to it" });
  recorder.step("r1", button);
  recorder.step("r1", {
    ...{ id: "s3", type: "fill", title: "Fill Name", target: button.target },
    value: { text: "Mira" },
  });
  recorder.finish("r1");
  fake.succeed("r1");
  return fake;
}

const titles = () =>
  [...document.querySelectorAll<HTMLElement>("ol[aria-label=Steps] > li")].map(
    (row) => row.dataset.step,
  );
const state = (fake: FakeServer) => fake.recorder.reels.get("r1")?.state;
const row = async (name: RegExp) =>
  within(await screen.findByRole("list", { name: "Steps" })).findByRole("button", { name });

test("the chosen step shows its picture, with its element, and what found it", async () => {
  using _page = renderPage("/recordings/r1", recorded());
  await userEvent.click(await row(/^2\s*Click Save/));
  expect(screen.getByRole("img", { name: "The page at “Click Save”" })).toHaveAttribute(
    "src",
    expect.stringContaining("/api/recorder/r1/artifacts/screenshots/s2.png"),
  );
  expect(screen.getByTestId("box")).toHaveStyle({ left: "10%", top: "10%", width: "20%" });
  const ways = screen.getByRole("group", { name: /Ways to the element/ });
  expect(within(ways).getByRole("radio", { name: /getByRole.*1 match$/ })).toBeChecked();
  expect(within(ways).getByRole("radio", { name: /getByText.*2 matches/ })).not.toBeChecked();
});

test("another locator is chosen, undone and redone", async () => {
  using page = renderPage("/recordings/r1?step=s2", recorded());
  const user = userEvent.setup();
  await user.click(await screen.findByRole("radio", { name: /getByText/ }));
  await waitFor(() => expect(state(page.fake)?.steps[1]?.target?.chosen).toBe("text=Save"));
  expect(screen.getByRole("radio", { name: /getByText/ })).toBeChecked();
  (document.activeElement as HTMLElement).blur();
  await user.keyboard("{Control>}z{/Control}");
  await waitFor(() => expect(screen.getByRole("radio", { name: /getByRole/ })).toBeChecked());
  expect(screen.getByRole("button", { name: "Undo" })).toBeDisabled();
  await user.click(screen.getByRole("button", { name: "Redo" }));
  await waitFor(() => expect(screen.getByRole("radio", { name: /getByText/ })).toBeChecked());
});

test("steps are moved, disabled and deleted by keyboard", async () => {
  using page = renderPage("/recordings/r1", recorded());
  const user = userEvent.setup();
  (await row(/^2\s*Click Save/)).focus();
  await user.keyboard("{Alt>}{ArrowDown}{/Alt}");
  await waitFor(() => expect(titles()).toEqual(["s1", "s3", "s2"]));
  (await row(/Fill Name/)).focus();
  await user.keyboard("{ArrowUp}");
  expect(await row(/Go to it/)).toHaveFocus();
  await user.keyboard("{Delete}");
  await waitFor(() => expect(titles()).toEqual(["s3", "s2"]));
  await user.click(screen.getByRole("button", { name: "Actions of step 1" }));
  await user.click(await screen.findByRole("menuitem", { name: "Disable" }));
  expect(await screen.findByText("disabled")).toBeVisible();
  expect(state(page.fake)?.steps.map((step) => step.disabled)).toEqual([true, undefined]);
});

test("a value becomes a secret and a title its own, kept with one edit", async () => {
  using page = renderPage("/recordings/r1?step=s3", recorded());
  const user = userEvent.setup();
  const form = await screen.findByRole("form", { name: "Step" });
  await user.selectOptions(within(form).getByLabelText("Taken from"), "secret:pw");
  await user.type(within(form).getByLabelText("Title"), "!");
  const before = state(page.fake)?.version ?? 0;
  await user.click(within(form).getByRole("button", { name: "Keep the change" }));
  await waitFor(() => expect(state(page.fake)?.version).toBe(before + 1));
  expect(state(page.fake)?.steps[2]).toMatchObject({
    title: "Fill Name!",
    value: { secret: "pw" },
  });
});

test("an assertion about a step's element is put after it", async () => {
  using page = renderPage("/recordings/r1", recorded());
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Actions of step 2" }));
  await user.click(await screen.findByRole("menuitem", { name: "Assert after it…" }));
  const dialog = await screen.findByRole("dialog", { name: "Add an assertion" });
  await user.selectOptions(within(dialog).getByLabelText("Claim"), "count");
  expect(within(dialog).getByText("A number is needed.")).toBeVisible();
  await user.type(within(dialog).getByLabelText("Expected"), "3");
  await user.click(within(dialog).getByRole("button", { name: "Insert" }));
  await waitFor(() => expect(state(page.fake)?.steps).toHaveLength(4));
  expect(state(page.fake)?.steps[2]).toMatchObject({
    ...{ type: "assert", by: "editor", target: { element: { name: "Save" } } },
    assertion: { claim: "count", expected: "3" },
  });
});

test("an edit of what somebody else changed is refused and told", async () => {
  const fake = recorded();
  using page = renderPage("/recordings/r1?step=s2", fake);
  await screen.findByRole("radio", { name: /getByText/ });
  page.fake.down = true;
  page.fake.cut();
  await screen.findByText(/Not live since/);
  page.fake.recorder.append("r1", "recording.renamed", { name: "Other" });
  page.fake.down = false;
  await userEvent.click(screen.getByRole("radio", { name: /getByText/ }));
  expect(await screen.findByText("Somebody else changed it")).toBeVisible();
  expect(await screen.findByRole("heading", { name: "Other" })).toBeVisible();
});

test("what others do is seen as it happens", async () => {
  using page = renderPage("/recordings/r1", recorded());
  await row(/Go to it/);
  page.fake.recorder.append("r1", "recording.step_removed", { stepId: "s1", edited: true });
  await waitFor(() => expect(titles()).toEqual(["s2", "s3"]));
  expect(screen.getByRole("button", { name: "Undo" })).toBeEnabled();
});

test("an old version can be read and restored, not edited", async () => {
  const fake = recorded();
  fake.recorder.append("r1", "recording.step_removed", { stepId: "s3", edited: true });
  using page = renderPage("/recordings/r1?tab=versions", fake);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("link", { name: "Fill Name" }));
  expect(await screen.findByText(/You look at version 4 of 6/)).toBeVisible();
  expect(titles()).toEqual(["s1", "s2", "s3"]);
  expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  expect(screen.getByLabelText("Title")).toBeDisabled();
  await user.click(screen.getByRole("button", { name: "Restore this version" }));
  await user.click(screen.getByRole("link", { name: "Back to the latest" }));
  await waitFor(() => expect(titles()).toEqual(["s1", "s2", "s3"]));
  expect(page.fake.recorder.reels.get("r1")?.state.version).toBe(7);
});

test("what the recorder learned of a step afterwards is listed only when asked for", async () => {
  const fake = recorded();
  const step = fake.recorder.reels.get("r1")?.state.steps[0];
  fake.recorder.append("r1", "recording.step_changed", { step }, "More is known of: Go to it");
  using _page = renderPage("/recordings/r1?tab=versions&v=1", fake);
  await screen.findByRole("link", { name: "Fill Name" });
  expect(screen.queryByRole("link", { name: /More is known/ })).toBeNull();
  await userEvent.click(
    screen.getByRole("checkbox", { name: /learned of steps afterwards \(1\)/ }),
  );
  expect(screen.getByRole("link", { name: /More is known/ })).toBeVisible();
});

test("a removed recording says so and can be restored", async () => {
  const fake = recorded();
  fake.recorder.append("r1", "recording.removed", {});
  using _page = renderPage("/recordings/r1", fake);
  await userEvent.click(await screen.findByRole("button", { name: "Restore it" }));
  await waitFor(() => expect(screen.queryByText(/was removed from the library/)).toBeNull());
});

test("variables are rows or unique, and refused while they cannot be", async () => {
  using page = renderPage("/recordings/r1?tab=variables", recorded());
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Add a variable" }));
  await user.type(screen.getByLabelText("Name"), "9lives");
  expect(screen.getByRole("button", { name: "Keep the variables" })).toBeDisabled();
  await user.clear(screen.getByLabelText("Name"));
  await user.type(screen.getByLabelText("Name"), "email");
  await user.selectOptions(screen.getByLabelText("Its value"), "rows");
  await user.type(screen.getByLabelText("Rows"), "a@x{Enter}b@x");
  await user.click(screen.getByRole("button", { name: "Keep the variables" }));
  await waitFor(() =>
    expect(state(page.fake)?.variables).toEqual([{ name: "email", rows: ["a@x", "b@x"] }]),
  );
});

test("the network record is filtered and an exchange opened", async () => {
  const fake = recorded();
  const entry = (url: string, status: number) => ({
    startedDateTime: "2026-01-01T00:00:00Z",
    request: { method: "GET", url, headers: [{ name: "accept", value: "*/*" }] },
    response: { status, content: { mimeType: "application/json", text: '{"saved":false}' } },
  });
  fake.recorder.files.set(
    "network.har",
    JSON.stringify({
      log: { entries: [entry("https://a.example/", 200), entry("https://a.example/save", 500)] },
    }),
  );
  using _page = renderPage("/recordings/r1?tab=network&step=s2", fake);
  const user = userEvent.setup();
  expect(await screen.findByText("2 of 2")).toBeVisible();
  await user.click(screen.getByLabelText("Only of the chosen step"));
  expect(await screen.findByText("1 of 2")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "/save" }));
  const open = await screen.findByRole("region", { name: "Request" });
  expect(within(open).getByText(/"saved": false/)).toBeVisible();
});

test("the scrubber leads through film and steps", async () => {
  const fake = recorded();
  fake.recorder.files.set(
    "film/index.json",
    JSON.stringify([
      { file: "000001.jpg", offsetMs: 0, page: "page" },
      { file: "000002.jpg", offsetMs: 2500, page: "page" },
    ]),
  );
  using page = renderPage("/recordings/r1", fake);
  const scrubber = await screen.findByRole("slider", { name: "Time in the recording" });
  await screen.findByRole("button", { name: "Play the film" });
  await waitFor(() => expect(screen.getByRole("button", { name: /Play/ })).toBeEnabled());
  fireEvent.change(scrubber, { target: { value: "3000" } });
  await waitFor(() => expect(page.router.state.location.search).toMatchObject({ step: "s2" }));
  expect(await screen.findByRole("img", { name: "The page at this moment" })).toHaveAttribute(
    "src",
    expect.stringContaining("film/000002.jpg"),
  );
});

test("it is run again whole, or up to a step, from the version that is shown", async () => {
  using page = renderPage("/recordings/r1", recorded());
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Actions of step 2" }));
  await user.click(await screen.findByRole("menuitem", { name: "Continue from here" }));
  await waitFor(() => expect(page.router.state.location.pathname).toMatch(/^\/record\//));
  const asked = page.fake.requests.find((request) => request.path === "/api/recorder/sessions");
  expect(asked?.body).toMatchObject({
    mode: "interactive",
    from: { recordingId: "r1", version: 5, steps: 2 },
  });
});

test("what does not exist says so", async () => {
  using _page = renderPage("/recordings/nothing");
  expect(await screen.findByText("There is no such recording")).toBeVisible();
});
