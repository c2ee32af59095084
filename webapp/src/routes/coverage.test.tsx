import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { CitingCase } from "@/lib/knowledge-api";
import { FakeServer, problem } from "@/testing/fake-server";
import { passage } from "@/testing/fake-suites";
import { renderPage } from "@/testing/render";

function shop(): FakeServer {
  const fake = new FakeServer();
  const source = fake.knowledge.source("src-1");
  fake.knowledge.document(source, "doc-1", ["The cart must keep.", "It must cost.", "Hello."]);
  return fake;
}

const buying: CitingCase = {
  ...{ jobId: "c1", setName: "Buy", recordingId: "r1", caseId: "tc-2", title: "Buy a book" },
  ...{ type: "positive", standing: "accepted", proof: "manual" },
  places: [{}, { stepId: "1", expected: true }],
};

test("a document leads to the cases that cite it, and says what none covers", async () => {
  const fake = shop();
  fake.knowledge.tests.set("doc-1-0", [buying]);
  using _page = renderPage("/knowledge/doc-1", fake);
  const list = within(await screen.findByRole("list", { name: "Passages with their tests" }));
  const [first, second, ...others] = list.getAllByRole("listitem");
  expect(others).toHaveLength(0);
  const own = within(first as HTMLElement);
  expect(own.getByRole("link", { name: "Buy a book" })).toHaveAttribute(
    "href",
    "/suites/cases/c1?case=tc-2",
  );
  expect(own.getByText("accepted, as expected result")).toBeVisible();
  expect(within(second as HTMLElement).getByText("Not covered")).toBeVisible();
  expect(screen.getByText("1 of 2", { exact: false })).toBeVisible();
});

test("a document without tests says how to get some, and older sets are asked for", async () => {
  const fake = shop();
  using _page = renderPage("/knowledge/doc-1", fake);
  expect(await screen.findByText(/No test case cites it yet/)).toBeVisible();
  await userEvent.click(screen.getByRole("checkbox", { name: /older sets/ }));
  await screen.findByText(/No test case cites it yet/);
  expect(fake.requests.some(({ path }) => path.endsWith("/tests?older=true"))).toBe(true);
});

test("a source says how much of it is covered, and lists the rest", async () => {
  const fake = shop();
  fake.knowledge.tests.set("doc-1-0", [buying]);
  using _page = renderPage("/knowledge?source=src-1", fake);
  const summary = await screen.findByText("What no test case covers (1)");
  await userEvent.click(summary);
  const rest = within(summary.closest("details") as HTMLElement);
  expect(rest.getByRole("link", { name: "It must cost." })).toHaveAttribute(
    "href",
    "/knowledge/doc-1?passage=doc-1-1",
  );
});

function stale(): FakeServer {
  const fake = new FakeServer();
  const cited = passage("At most 30 books.");
  const set = fake.suites.set("c1", "r1", [{ title: "Too many", sources: [cited] }, {}, {}]);
  fake.suites.sets.set("c1", {
    ...set,
    stale: [
      { caseId: "tc-1", reason: "changed" },
      { caseId: "tc-2", reason: "removed" },
    ],
  });
  const now = { passageId: "p-2", kind: "paragraph", start: 0, end: 17, text: "At most 20 books." };
  fake.suites.stale.set("c1", [
    { caseId: "tc-1", reason: "changed", version: 2, citation: cited, now: now as never },
    { caseId: "tc-2", reason: "removed", version: 2, citation: passage("It is gone.") },
  ]);
  return fake;
}

test("stale cases say what changed, and one is made anew", async () => {
  const fake = stale();
  using page = renderPage("/suites/cases/c1", fake);
  const user = userEvent.setup();
  const nav = within(await screen.findByRole("navigation", { name: "Cases" }));
  expect(nav.getAllByText("Stale")).toHaveLength(2);
  const note = await screen.findByRole("region", { name: /Stale/ });
  await within(note).findByText("says something else now:", { exact: false });
  expect(note).toHaveTextContent("removed:At most 30 books.+added:At most 20 books.");
  await user.click(screen.getByRole("link", { name: /Case 2/ }));
  expect(await screen.findByText("It is gone.")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Regenerate this case" }));
  await screen.findByText("The cases are being made");
  expect(page.router.state.location.pathname).toBe("/suites/cases/made-1");
  const sent = fake.requests.find(({ path }) => path === "/api/test-cases/c1/regenerate");
  expect(sent?.body).toEqual({ cases: ["tc-2"] });
});

test("all stale ones are made anew at once, and a refusal is told", async () => {
  const fake = stale();
  using page = renderPage("/suites/cases/c1", fake);
  const all = await screen.findByRole("button", { name: "Regenerate all 2" });
  fake.overrides.set("/api/test-cases/c1/regenerate", () =>
    problem(409, "conflict", "a newer set has taken its place"),
  );
  await userEvent.click(all);
  expect(await screen.findByText("a newer set has taken its place")).toBeInTheDocument();
  fake.overrides.delete("/api/test-cases/c1/regenerate");
  await userEvent.click(all);
  await screen.findByText("The cases are being made");
  expect(page.router.state.location.pathname).toBe("/suites/cases/made-1");
});

test("a set that was superseded leads to the newer one and is not made anew", async () => {
  const fake = stale();
  const set = fake.suites.sets.get("c1");
  if (set) fake.suites.sets.set("c1", { ...set, supersededBy: "c2" });
  using _page = renderPage("/suites/cases/c1", fake);
  expect(await screen.findByRole("link", { name: "newer set of cases" })).toHaveAttribute(
    "href",
    "/suites/cases/c2",
  );
  await screen.findByRole("region", { name: /Stale/ });
  expect(screen.queryByRole("button", { name: /Regenerate/ })).not.toBeInTheDocument();
});

test("a case shows what stands behind it, when somebody asks", async () => {
  const fake = stale();
  const trace = {
    ...{ untrusted: true, jobId: "c1", caseId: "tc-1", title: "Too many", recordingId: "r1" },
    passages: [],
    tests: [],
  };
  fake.suites.traces.set("tc-1", {
    ...trace,
    steps: [
      {
        ...{ stepId: "1", action: "Open /", passages: [] },
        recorded: [
          {
            ...{ stepId: "s1", text: "Click Buy", picture: "/api/recorder/r1/artifacts/s1.png" },
            assertions: [{ suiteId: "g1", number: 2, stepId: "s1", learned: true, text: "Bought" }],
          },
        ],
      },
    ],
    tests: [
      {
        ...{ suiteId: "g1", proofId: "p1", test: "t1", titles: ["buys"], proven: false },
        why: "1 of 1 runs failed",
        runs: [
          {
            ...{ key: "k", purpose: "stability", outcome: "failed", failedAt: 2 },
            evidence: [
              { name: "runs/1/film.webm", url: "/api/jobs/p1/artifacts/runs/1/film.webm" },
            ],
          },
        ],
      },
    ],
  });
  fake.suites.traces.set("tc-2", { ...trace, caseId: "tc-2", steps: [] });
  using _page = renderPage("/suites/cases/c1", fake);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Show what stands behind it" }));
  const steps = await screen.findByRole("list", { name: "Steps with their assertions" });
  expect(steps).toHaveTextContent("Assertion 2 (learnt): Bought");
  expect(within(steps).getByRole("link", { name: "Picture" })).toBeVisible();
  const tests = screen.getByRole("list", { name: "Tests of the recording" });
  expect(tests).toHaveTextContent("Run 1: failed at assertion 2");
  expect(within(tests).getByRole("link", { name: "film.webm" })).toHaveAttribute(
    "href",
    expect.stringContaining("/api/jobs/p1/artifacts/runs/1/film.webm"),
  );
  await user.click(screen.getByRole("link", { name: /Case 2/ }));
  await user.click(await screen.findByRole("button", { name: "Show what stands behind it" }));
  expect(await screen.findByText(/No test was generated from its/)).toBeVisible();
});
