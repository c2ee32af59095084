import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeServer, problem } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

const tests = [
  {
    id: "t1",
    titles: ["Cart", "can be emptied"],
    file: "cart.spec.ts",
    line: 7,
    recordingId: "r1",
  },
  { id: "t2", titles: ["Pay"], file: "pay.spec.ts", line: 3, recordingId: "r1" },
];
const mutants = [
  ["m1", "response.status", "GET /cart", "answers 500"],
  ["m2", "page.text", "<h1> “Cart”", "says something else"],
].map(([id = "", operator = "", where = "", what = ""]) => ({
  ...{ id, operator, where, what, recordingId: "r1" },
}));

function begun(): FakeServer {
  const fake = new FakeServer();
  fake.proofs.job("v1");
  fake.proofs.begin("v1", tests, 2);
  return fake;
}

const cell = (name: string | RegExp) => screen.findAllByRole("gridcell", { name });
const state = async (test: string, column: string) =>
  (await screen.findByRole("grid")).querySelector<HTMLElement>(`[data-cell="${test}.${column}"]`)
    ?.dataset.state;

// As on a wide screen: the evidence stands beside the grid.
beforeEach(() => {
  window.matchMedia = ((query: string) => ({
    ...{ media: query, matches: query.includes("min-width") },
    ...{ addEventListener() {}, removeEventListener() {} },
  })) as unknown as typeof window.matchMedia;
});
afterEach(() => vi.restoreAllMocks());

test("the matrix fills while the job runs, and the verdict comes at the end", async () => {
  using page = renderPage("/jobs/v1", begun());
  expect(await cell("run 1: to come")).toHaveLength(2);
  const { proofs } = page.fake;
  proofs.ran("v1", { test: "t1", index: 0, outcome: "passed" });
  proofs.ran("v1", { test: "t2", index: 0, outcome: "failed" });
  await waitFor(async () => expect(await state("t1", "stability-1")).toBe("passed"));
  expect(await state("t2", "stability-1")).toBe("failed");
  expect(screen.getAllByText("1 of 2 runs")[0]).toBeInTheDocument();

  proofs.ran("v1", { test: "t1", index: 1, outcome: "passed" });
  proofs.chose("v1", mutants);
  proofs.judged("v1", { test: "t1", mutant: "m1", fate: "killed", assertion: 1 });
  proofs.judged("v1", { test: "t1", mutant: "m2", fate: "survived" });
  await waitFor(async () => expect(await state("t1", "m2")).toBe("survived"));
  expect(await state("t1", "m1")).toBe("killed");
  expect(await state("t2", "m1")).toBe("unmade");
  expect(screen.getAllByText(/1 of 2 visible \(macro 50 %\)/)[0]).toBeInTheDocument();

  const score = { visible: 2, killed: 1, macro: 0.5, harmless: 0, alarms: 0, rank: 0.6 };
  const none = { first: 1, stumbled: 0, crashed: 0, rate: 0.5, operators: [] };
  proofs.finish("v1", "failed", {
    verdicts: [
      { test: "t1", proven: true, passed: 2, counted: 2, score: { ...score, ...none } },
      {
        ...{ test: "t2", proven: false, passed: 0, counted: 1, why: "run 1 failed by action" },
        score: { ...score, ...none, visible: 0, rank: 0 },
      },
    ],
  });
  expect(await screen.findByText("run 1 failed by action")).toBeInTheDocument();
  const rows = within(screen.getByRole("table", { name: "Tests by rank" })).getAllByRole("row");
  expect(rows[1]).toHaveTextContent(/Cart › can be emptied.*Proven.*2 of 2 runs/);
  expect(rows[2]).toHaveTextContent(/Pay.*Not proven/);
  expect(await state("t2", "stability-2")).toBe("unmade");
});

test("what comes while the proof is read is not missed", async () => {
  const fake = begun();
  const handle = fake.handle.bind(fake);
  let late = false;
  fake.handle = async (request) => {
    const answer = await handle(request);
    if (!late && request.url.endsWith("/proof")) {
      late = true;
      fake.proofs.ran("v1", { test: "t1", index: 0, outcome: "passed" });
      // The stream is faster than the answer.
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }
    return answer;
  };
  using _page = renderPage("/jobs/v1", fake);
  await screen.findByRole("grid");
  await waitFor(async () => expect(await state("t1", "stability-1")).toBe("passed"));
});

test("keys move in the grid, Enter opens the evidence and Escape leads back", async () => {
  const fake = begun();
  fake.proofs.ran(
    "v1",
    { test: "t1", index: 0, outcome: "passed" },
    {
      ...{ test: "t2", index: 1, outcome: "failed", drift: 1, drifted: ["extra: POST /pay"] },
      end: { by: "assertion", message: "expected 3, got 2", file: "pay.spec.ts", line: 9 },
      evidence: ["runs/stability-2-t2/network.json", "runs/stability-2-t2/trace.zip"],
    },
  );
  fake.overrides.set("/api/jobs/v1/artifacts/runs/stability-2-t2/network.json", () =>
    Response.json({
      ...{ requests: 2, writes: 1, written: 1 },
      drift: [
        {
          ...{ kind: "altered", method: "POST", url: "https://shop.example/pay" },
          differences: [{ path: "body.amount", recorded: "3", sent: "2" }],
        },
      ],
      served: [
        { offsetMs: 20, method: "GET", url: "https://shop.example/", entry: 1, status: 200 },
      ],
    }),
  );
  using page = renderPage("/jobs/v1", fake);
  const user = userEvent.setup();
  const [first] = await cell(/^run 1: passed, seed 100, latency up to 250 ms/);
  expect(first).toHaveAttribute("tabindex", "0");
  first?.focus();
  await user.keyboard("{ArrowDown}{ArrowRight}");
  const [second] = await cell(/^run 2: failed/);
  expect(second).toHaveFocus();
  expect(first).toHaveAttribute("tabindex", "-1");

  await user.keyboard("{Enter}");
  const panel = await screen.findByRole("region", { name: "Evidence" });
  expect(within(panel).getByRole("heading", { name: "Run 2" })).toHaveFocus();
  expect(panel).toHaveTextContent(/pay\.spec\.ts:9.*expected 3, got 2.*CPU4× slower/);
  expect(panel).toHaveTextContent("extra: POST /pay");
  const drift = await within(panel).findByRole("table", { name: "Drift" });
  expect(drift).toHaveTextContent(/altered.*POST https:\/\/shop.example\/pay.*body.amount: 3 2/);
  expect(within(panel).getByRole("link", { name: "trace.zip" })).toHaveAttribute(
    "href",
    expect.stringContaining("/api/jobs/v1/artifacts/runs/stability-2-t2/trace.zip?download=true"),
  );
  expect(page.router.state.location.searchStr).toContain("cell=t2.stability-2");

  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("region", { name: "Evidence" })).toBeNull());
  expect(second).toHaveFocus();
});

test("a fault says where it was put and what differed, and the filter leaves survivors", async () => {
  const fake = begun();
  fake.proofs.chose("v1", mutants);
  fake.proofs.judged(
    "v1",
    { test: "t1", mutant: "m1", fate: "killed" },
    { test: "t1", mutant: "m2", fate: "survived", message: "showed another heading" },
  );
  using page = renderPage("/jobs/v1", fake);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Only survivors" }));
  await waitFor(() => expect(screen.getAllByRole("gridcell")).toHaveLength(1));
  expect(page.router.state.location.searchStr).toContain("show=survived");
  await user.click(screen.getByRole("gridcell"));
  const panel = await screen.findByRole("region", { name: "Evidence" });
  expect(panel).toHaveTextContent(/page.text.*Survived.*<h1> “Cart”.*says something else/);
  expect(panel).toHaveTextContent(/What differed.*showed another heading/);
});

test("what a fault changed is shown line by line, as soon as its round is over", async () => {
  const fake = begun();
  const name = "mutants/r1-1.json";
  fake.proofs.chose("v1", mutants);
  fake.proofs.judged("v1", {
    ...{ test: "t1", mutant: "m2", fate: "killed", assertion: 2, inPlace: true, evidence: [name] },
  });
  const path = `/api/jobs/v1/artifacts/${name}`;
  fake.overrides.set(path, () => problem(404, "not_found", "Not there"));
  using _page = renderPage("/jobs/v1?cell=t1.m2", fake);
  const panel = await screen.findByRole("region", { name: "Evidence" });
  expect(await within(panel).findByText(/written when this round of faults ends/)).toBeVisible();
  expect(panel).toHaveTextContent(/into the page at each assertion/);
  const part = {
    what: "page",
    after: 2,
    before: "- heading: Cart\n- list",
    now: "- heading: Car\n- list",
  };
  fake.overrides.set(path, () => Response.json([{ test: "t1", mutant: "m2", parts: [part] }]));
  const diff = await within(panel).findByRole(
    "region",
    { name: "The page after assertion 2, without and with the fault" },
    { timeout: 10_000 },
  );
  expect(diff).toHaveTextContent(/removed:- heading: Cart.*added:- heading: Car.*- list/);
});

test("a failed run has its film, and its trace is opened where traces are shown", async () => {
  const fake = begun();
  const [film, trace] = ["runs/stability-1-t2/video.webm", "runs/stability-1-t2/trace.zip"];
  fake.proofs.ran(
    "v1",
    { test: "t1", index: 0, outcome: "failed" },
    { test: "t2", index: 0, outcome: "failed", evidence: [film, trace] },
  );
  fake.overrides.set("/api/suites/v1/trace", () =>
    Response.json({ url: "http://127.0.0.1:1/index.html?trace=x" }),
  );
  const replace = vi.fn();
  vi.spyOn(window, "open").mockReturnValue({ location: { replace } } as unknown as Window);
  using _page = renderPage("/jobs/v1?cell=t2.stability-1", fake);
  const panel = await screen.findByRole("region", { name: "Evidence" });
  const video = panel.querySelector("video");
  expect(video).toHaveAttribute("src", expect.stringContaining(`/artifacts/${film}`));
  await userEvent.click(within(panel).getByRole("button", { name: "Open trace" }));
  await waitFor(() =>
    expect(replace).toHaveBeenCalledWith("http://127.0.0.1:1/index.html?trace=x"),
  );
  await userEvent.click(screen.getAllByRole("gridcell", { name: /^run 1: failed/ })[0] as Element);
  expect(await within(panel).findByText(/No film was kept/)).toBeVisible();
});

test("repairs, self-checks and faults that go on elsewhere appear as they happen", async () => {
  const fake = begun();
  const mended = { number: 1, file: "pay.spec.ts", line: 9, reason: "The button has another name" };
  fake.submit({ kind: "suite.verify" }, "v2");
  fake.start("v2");
  fake.proofs.ran("v1", {
    ...{ test: "t2", index: 0, outcome: "failed", end: { by: "action", message: "no button" } },
  });
  using _page = renderPage("/jobs/v1", fake);
  await waitFor(async () => expect(await state("t2", "stability-1")).toBe("failed"));
  expect(screen.queryByRole("region", { name: "Repairs" })).toBeNull();

  const repair = { ...mended, before: "await pay();", after: "await buy();" };
  fake.proofs.ran("v1", { test: "t2", index: 0, outcome: "passed", key: "1", repair: 1 });
  fake.proofs.tell("v1", "proof.repaired", {
    repairs: [
      { ...repair, test: "t2", kept: true },
      { ...repair, test: "t1", kept: false, message: "run 2 failed" },
    ],
  });
  await waitFor(async () => expect(await state("t2", "stability-1")).toBe("passed"));
  const repairs = await screen.findByRole("region", { name: "Repairs" });
  expect(repairs).toHaveTextContent(/Cart › can be emptied.*Withheld.*Taken back: run 2 failed/);
  expect(repairs).toHaveTextContent(
    /Pay.*Repaired.*another name.*pay.spec.ts:9.*await pay.*await buy/,
  );
  expect(screen.getByText("repaired")).toBeVisible();
  await userEvent.click(screen.getAllByRole("gridcell", { name: /^run 1: passed/ })[0] as Element);
  const panel = await screen.findByRole("region", { name: "Evidence" });
  expect(panel).toHaveTextContent(
    /as repair 1 mended it.*Other runs.*Failed as it came.*no button/,
  );

  const check = { test: "t1", matcher: "toHaveText", file: "cart.spec.ts", tried: 2 };
  fake.proofs.tell("v1", "proof.checked", {
    checks: [
      { ...check, assertion: 1, line: 8, noticed: 2 },
      { ...check, assertion: 2, line: 9, noticed: 0, subject: "getByRole('status')" },
      { ...check, assertion: 3, tried: 0, noticed: 0 },
    ],
  });
  const checks = await screen.findByRole("region", { name: "Self-check" });
  expect(checks).toHaveTextContent("1 of 2 assertions notice a change");
  expect(checks).toHaveTextContent(/expect\(getByRole\('status'\)\)\.toHaveText.*cart\.spec\.ts:9/);
  expect(checks).not.toHaveTextContent("cart.spec.ts:8");

  fake.proofs.chose("v1", mutants);
  fake.proofs.judged("v1", { test: "t1", mutant: "m1", fate: "killed" });
  fake.proofs.finish("v1", "proven");
  fake.proofs.tell("v1", "proof.continued", { rest: { jobId: "v2", left: 1 } });
  const rest = await screen.findByRole("region", { name: "Faults that are left" });
  await waitFor(() => expect(rest).toHaveTextContent("1 of 2 faults tried; the rest goes on in"));
  expect(within(rest).getByRole("link")).toHaveAttribute("href", "/jobs/v2");
  expect(await state("t1", "m2")).toBe("pending");
  fake.proofs.judged("v1", { test: "t1", mutant: "m2", fate: "survived" });
  await waitFor(() => expect(rest).toHaveTextContent("2 of 2 faults tried"));
  fake.succeed("v2");
  await waitFor(() => expect(rest).toHaveTextContent("which is done"));
});

test("before the project is read it says so, and begins by itself", async () => {
  const fake = new FakeServer();
  fake.proofs.job("v1");
  fake.progress("v1", -1, "reading the project");
  using page = renderPage("/jobs/v1", fake);
  expect(await screen.findByText("The proof has not begun yet")).toBeVisible();
  expect(screen.getByText("reading the project…")).toBeVisible();
  page.fake.proofs.begin("v1", tests, 2);
  expect(await screen.findByRole("grid")).toBeVisible();
});

test("a project that cannot be read, a job that died and a broken proof are told", async () => {
  const fake = new FakeServer();
  fake.proofs.job("v1");
  fake.fail("v1", { code: "project", message: "it is no zip archive" });
  {
    using _page = renderPage("/jobs/v1", fake);
    expect(await screen.findByText("The project could not be verified")).toBeVisible();
    expect(screen.getByRole("alert")).toHaveTextContent("it is no zip archive");
  }
  const died = begun();
  died.fail("v1", { code: "lost", message: "the worker is gone" });
  {
    using _page = renderPage("/jobs/v1", died);
    expect(await screen.findByRole("alert")).toHaveTextContent(/job was dead.*the worker is gone/);
    expect(await state("t1", "stability-1")).toBe("unmade");
  }
  const broken = begun();
  broken.proofs.finish("v1", "broken", { reason: "there is no browser", notes: ["no traces"] });
  using _page = renderPage("/jobs/v1", broken);
  expect(await screen.findByRole("alert")).toHaveTextContent("there is no browser");
  expect(screen.getByRole("note")).toHaveTextContent("no traces");
});

test("a proof that cannot be read can be asked for again", async () => {
  const fake = begun();
  fake.overrides.set("/api/suites/v1/proof", () => problem(503, "unavailable", "Busy"));
  using page = renderPage("/jobs/v1", fake);
  await screen.findByText("Busy");
  page.fake.overrides.clear();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("grid")).toBeVisible();
});

test("other jobs have no proof, and a proof's other parts have addresses", async () => {
  const fake = begun();
  fake.submit({ kind: "system.ping" }, "p1");
  {
    using _page = renderPage("/jobs/p1?tab=proof", fake);
    await screen.findByRole("heading", { name: "Input" });
    expect(screen.queryByRole("link", { name: "Proof" })).toBeNull();
  }
  using page = renderPage("/jobs/v1", fake);
  await screen.findByRole("grid");
  await userEvent.click(screen.getByRole("link", { name: "Overview" }));
  await screen.findByRole("heading", { name: "Input" });
  expect(page.router.state.location.searchStr).toBe("?tab=overview");
});

test("a recording's tests are sent and their proof is gone to", async () => {
  const fake = new FakeServer();
  fake.recorder.session("r1", { name: "Buy" });
  fake.recorder.finish("r1");
  fake.succeed("r1");
  using page = renderPage("/recordings/r1", fake);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Verify tests…" }));
  const dialog = await screen.findByRole("dialog", { name: "Verify tests" });
  const send = within(dialog).getByRole("button", { name: "Verify" });
  expect(send).toBeDisabled();
  await user.upload(
    within(dialog).getByLabelText("Archive of the test project"),
    new File(["zip"], "shop.zip", { type: "application/zip" }),
  );
  const runs = within(dialog).getByLabelText("Runs");
  await user.clear(runs);
  await user.type(runs, "0");
  expect(within(dialog).getByText("A whole number from 1 to 100.")).toBeVisible();
  expect(send).toBeDisabled();
  await user.clear(runs);
  await user.type(runs, "3");
  await user.click(send);
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/jobs/verify-1"));
  expect(page.fake.requests.some(({ path }) => path === "/api/suites/verify")).toBe(true);
});
