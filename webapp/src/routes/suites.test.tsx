import { screen, waitFor, within } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FakeServer } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

function shop(): FakeServer {
  const fake = new FakeServer();
  for (const [id, name] of [
    ["r1", "Buy a book"],
    ["r2", "Sign in"],
  ] as const) {
    fake.recorder.session(id, { name, url: "https://shop.example" });
    fake.recorder.step(id, { id: "s1", type: "navigate", url: "https://shop.example" });
    fake.recorder.finish(id, { outcome: "complete" });
    fake.succeed(id);
  }
  return fake;
}

const tests = [{ id: "t1", titles: ["Buy"], file: "buy.spec.ts", line: 3, recordingId: "r1" }];
const mutants = ["m1", "m2"].map((id) => ({
  ...{ id, operator: "page.text", where: "h1", what: "says something else", recordingId: "r1" },
}));
const score = { visible: 2, killed: 1, first: 1, stumbled: 0, crashed: 0, rate: 0.5, macro: 0.5 };
const verdict = {
  ...{ test: "t1", proven: true, passed: 2, counted: 2 },
  score: { ...score, harmless: 0, alarms: 0, rank: 0.6, operators: [] },
};

function proven(fake: FakeServer) {
  fake.proofs.job("v1");
  fake.proofs.begin("v1", tests, 2);
  fake.proofs.ran("v1", { test: "t1", index: 0, outcome: "passed", drift: 1 });
  fake.proofs.chose("v1", mutants);
  fake.proofs.judged("v1", { test: "t1", mutant: "m1", fate: "killed" });
  fake.proofs.judged("v1", { test: "t1", mutant: "m2", fate: "survived" });
  fake.proofs.finish("v1", "proven", { verdicts: [verdict] });
}

/** The button of the page's head, which is there before the list is. */
async function make(user: UserEvent, name: string) {
  const [button] = await screen.findAllByRole("button", { name });
  if (button) await user.click(button);
}

test("nothing there says what to do, and tests are generated as asked", async () => {
  using page = renderPage("/suites", shop());
  const user = userEvent.setup();
  await screen.findByText("Nothing has been generated yet");
  await make(user, "Generate tests");
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByRole("button", { name: "Generate" })).toBeDisabled();
  await dialog.findByRole("option", { name: "Buy a book" });
  await user.selectOptions(dialog.getByLabelText(/Recording/), "Buy a book");
  await user.selectOptions(dialog.getByLabelText("Language"), "Go");
  expect(dialog.getByText(/A module for playwright-go/)).toBeInTheDocument();
  await user.click(dialog.getByLabelText("Learn assertions"));
  await user.clear(dialog.getByLabelText("Runs"));
  await user.type(dialog.getByLabelText("Runs"), "101");
  expect(dialog.getByText("A whole number from 1 to 100.")).toBeInTheDocument();
  expect(dialog.getByRole("button", { name: "Generate" })).toBeDisabled();
  await user.clear(dialog.getByLabelText("Runs"));
  await user.type(dialog.getByLabelText("Runs"), "3");
  await user.click(dialog.getByRole("button", { name: "Generate" }));
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/suites/made-1"));
  const sent = page.fake.requests.find(
    ({ path, method }) => method === "POST" && path === "/api/suites",
  );
  expect(sent?.body).toEqual({
    ...{ recordingId: "r1", project: "default", target: "go", learn: false, verify: true },
    ...{ runs: 3, mutants: 200 },
  });
});

test("a refusal is said in the dialog and loses nothing", async () => {
  using page = renderPage("/suites", shop());
  page.fake.overrides.set("/api/test-cases/generate", () =>
    Response.json(
      {
        ...{ type: "about:blank", title: "Bad Request", detail: "there are too many" },
        ...{ status: 400, code: "invalid" },
      },
      { status: 400 },
    ),
  );
  const user = userEvent.setup();
  await make(user, "Generate test cases");
  const dialog = within(await screen.findByRole("dialog"));
  await dialog.findByRole("option", { name: "Sign in" });
  await user.selectOptions(dialog.getByLabelText(/Recording/), "Sign in");
  await user.click(await dialog.findByRole("button", { name: "Generate" }));
  expect(await dialog.findByRole("alert")).toHaveTextContent("there are too many");
  expect(dialog.getByLabelText(/Recording/)).toHaveValue("r2");
});

test("sources that are left out are not read", async () => {
  const fake = shop();
  fake.knowledge.source("shop", { name: "Shop specs" });
  fake.knowledge.source("old", { name: "Old specs" });
  using page = renderPage("/suites", fake);
  const user = userEvent.setup();
  await make(user, "Generate test cases");
  const dialog = within(await screen.findByRole("dialog"));
  await dialog.findByRole("option", { name: "Buy a book" });
  await user.selectOptions(dialog.getByLabelText(/Recording/), "r1");
  await user.click(await dialog.findByLabelText(/Shop specs/));
  await user.click(dialog.getByLabelText(/Old specs/));
  expect(dialog.getByText("Choose one at least.")).toBeInTheDocument();
  await user.click(dialog.getByLabelText(/Shop specs/));
  await user.click(dialog.getByRole("button", { name: "Generate" }));
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/suites/cases/made-1"));
  const sent = page.fake.requests.find(({ path }) => path === "/api/test-cases/generate");
  expect(sent?.body).toEqual({ recordingId: "r1", project: "default", sources: ["shop"] });
});

test("a model is asked when one is set, and only then when that is said", async () => {
  const fake = shop();
  const user = userEvent.setup();
  const open = async () => {
    await make(user, "Generate test cases");
    const dialog = within(await screen.findByRole("dialog"));
    await dialog.findByRole("option", { name: "Buy a book" });
    await user.selectOptions(dialog.getByLabelText(/Recording/), "r1");
    return dialog;
  };
  {
    using _ = renderPage("/suites", fake);
    const dialog = await open();
    expect(dialog.queryByLabelText(/Improve/)).not.toBeInTheDocument();
  }
  fake.model = "stand-in-1";
  using page = renderPage("/suites", fake);
  const dialog = await open();
  const box = await dialog.findByLabelText(/Improve by the model/);
  expect(box).not.toBeChecked();
  expect(dialog.getByText(/to stand-in-1,/)).toBeInTheDocument();
  await user.click(box);
  await user.click(dialog.getByRole("button", { name: "Generate" }));
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/suites/cases/made-1"));
  const sent = fake.requests.filter(({ path }) => path === "/api/test-cases/generate");
  expect(sent.map(({ body }) => body)).toEqual([
    { recordingId: "r1", project: "default", improve: true },
  ]);
});

test("the list says what each is worth, follows what is made, and is narrowed", async () => {
  const fake = shop();
  proven(fake);
  fake.suites.suite("g1", "r1", { proofId: "v1", notes: ["step 3 was left out"] });
  fake.clock += 1000;
  fake.suites.set("c1", "r2", [{ standing: "accepted" }, { standing: "rejected" }, {}]);
  using page = renderPage("/suites", fake);
  const list = within(await screen.findByRole("list", { name: "Suites" }));
  const tests = (await list.findByText("Buy a book")).closest("li");
  await waitFor(() => expect(tests).toHaveTextContent(/Proven 1 of 1.*1 of 2 faults killed/));
  expect(tests).toHaveTextContent("1 run with drift");
  expect(tests).toHaveTextContent("1 note");
  const cases = list.getByText("Sign in").closest("li");
  await waitFor(() => expect(cases).toHaveTextContent("2 of 3 reviewed"));

  fake.clock += 1000;
  fake.submit({ kind: "suite.generate", input: { recordingId: "r2" } as never }, "g2");
  await waitFor(() => expect(list.getAllByRole("listitem")).toHaveLength(3));
  expect(list.getAllByRole("listitem")[0]).toHaveTextContent("Queued");

  await userEvent.click(screen.getByRole("button", { name: "Test cases" }));
  await waitFor(() => expect(page.router.state.location.search).toEqual({ kind: "cases" }));
  await waitFor(() => expect(screen.queryByText("Buy a book")).toBeNull());
});

test("a suite shows its code, its proof, its notes and the suites before it", async () => {
  const fake = shop();
  proven(fake);
  fake.suites.suite("g0", "r1");
  fake.clock += 1000;
  fake.suites.suite("g1", "r1", { proofId: "v1", notes: ["step 3 was left out"] });
  fake.suites.suite("other", "r2");
  fake.overrides.set(
    "/api/jobs/g1/artifacts/tests/buy.spec.ts",
    () => new Response('await page.goto("/");\nawait expect(page).toHaveTitle("<b>");\n'),
  );
  using _page = renderPage("/suites/g1", fake);
  const code = await screen.findByRole("region", { name: "Code of the test" });
  await waitFor(() => expect(code.querySelector("span span")).toHaveTextContent("await"));
  expect(code).toHaveTextContent('await expect(page).toHaveTitle("<b>");');
  const head = within(screen.getByRole("region", { name: "Proof" }));
  const proof = await head.findByRole("link", { name: /Proven 1 of 1/ });
  expect(proof).toHaveTextContent(/1 of 2 faults killed1 blind spot1 run with drift/);
  expect(proof).toHaveAttribute("href", "/jobs/v1");
  expect(screen.getByRole("region", { name: "Notes" })).toHaveTextContent("step 3 was left out");
  expect(screen.getByRole("link", { name: "Download project" })).toHaveAttribute(
    "href",
    expect.stringContaining("/api/jobs/g1/artifacts/project.zip?download=true"),
  );
  expect(screen.queryByRole("link", { name: /in TypeScript/ })).toBeNull();
  const history = within(screen.getByRole("complementary", { name: "History" }));
  await waitFor(() => expect(history.getAllByRole("listitem")).toHaveLength(2));
  expect(history.getAllByRole("listitem")[0]).toHaveTextContent("this one");
});

test("a suite in Go shows its code, and what was run for it", async () => {
  const fake = shop();
  fake.suites.suite("g1", "r1", { target: "go", spec: "tests/buy_test.go" });
  fake.overrides.set(
    "/api/jobs/g1/artifacts/tests/buy_test.go",
    () => new Response("package tests\n"),
  );
  using _page = renderPage("/suites/g1", fake);
  const code = await screen.findByRole("region", { name: "Code of the test" });
  expect(code).toHaveTextContent("package tests");
  expect(code.querySelector("span span")).toBeNull();
  expect(screen.getByRole("link", { name: "Download project" })).toHaveAttribute(
    "href",
    expect.stringContaining("/api/jobs/g1/artifacts/project.zip?download=true"),
  );
  expect(screen.getByRole("link", { name: "What was run, in TypeScript" })).toHaveAttribute(
    "href",
    expect.stringContaining("/api/jobs/g1/artifacts/project-typescript.zip?download=true"),
  );
});

test("a suite that could not be written says why", async () => {
  const fake = shop();
  fake.submit({ kind: "suite.generate", input: { recordingId: "r1" } as never }, "g1");
  using page = renderPage("/suites/g1", fake);
  await screen.findByText("The tests are being written");
  fake.start("g1");
  fake.fail("g1", { code: "nothing_to_write", message: "record what is to be tested first" });
  expect(await screen.findByRole("alert")).toHaveTextContent("record what is to be tested first");
  expect(page.router.state.location.pathname).toBe("/suites/g1");
});

test("a recording leads to its tests", async () => {
  const fake = shop();
  fake.suites.suite("g1", "r1");
  fake.suites.suite("g2", "r2");
  using _page = renderPage("/recordings/r1?tab=tests", fake);
  const list = within(await screen.findByRole("list", { name: "Tests of the recording" }));
  expect(list.getAllByRole("listitem")).toHaveLength(1);
  expect(screen.getByRole("button", { name: "Generate tests" })).toBeVisible();
});
