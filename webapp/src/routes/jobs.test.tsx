import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FakeServer, problem } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

function deck(count: number): FakeServer {
  const fake = new FakeServer();
  fake.clock = Date.parse("2026-01-01T00:00:00Z");
  for (let i = 0; i < count; i++) {
    fake.clock += 1000;
    fake.submit({ kind: i % 2 ? "system.ping" : "system.exercise" }, `job-${1000 + i}`);
  }
  return fake;
}

const rows = () => screen.getAllByRole("row").filter((row) => row.dataset.job);

const isLive = () =>
  waitFor(() => expect(screen.getAllByTestId("live")[0]).toHaveTextContent("Live"));

test("shows the jobs and follows them without a reload", async () => {
  using page = renderPage("/jobs", deck(3));
  await screen.findByText("job-1002".slice(-8));
  expect(rows().map((row) => row.dataset.job)).toEqual(["job-1002", "job-1001", "job-1000"]);
  const before = page.fake.requests.length;

  page.fake.start("job-1001");
  page.fake.progress("job-1001", 40, "half way there");
  await waitFor(() => expect(within(rows()[1] as HTMLElement).getByText("Running")).toBeVisible());
  expect(within(rows()[1] as HTMLElement).getByText("half way there")).toBeInTheDocument();

  page.fake.clock += 1000;
  page.fake.submit({ kind: "system.ping" }, "job-2000");
  await waitFor(() => expect(rows()[0]?.dataset.job).toBe("job-2000"));
  const lists = page.fake.requests.slice(before).filter((r) => !r.path.includes("count=true"));
  expect(lists).toEqual([]);
});

test("what happened between the list and the stream is not missed", async () => {
  const fake = deck(1);
  const handle = fake.handle.bind(fake);
  let late = false;
  fake.handle = async (request) => {
    const answer = await handle(request);
    if (!late && new URL(request.url).searchParams.get("limit") === "200") {
      late = true;
      fake.start("job-1000");
    }
    return answer;
  };
  using _page = renderPage("/jobs", fake);
  expect(await screen.findByText("Running")).toBeVisible();
});

test("what the page does not understand of an address is left out", async () => {
  using page = renderPage(
    "/jobs?status=asleep&sort=colour&label=x&page=bad&project=default",
    deck(2),
  );
  await screen.findByText("job-1001".slice(-8));
  expect(rows()).toHaveLength(2);
  const asked = page.fake.requests
    .map((r) => r.path)
    .filter((path) => path.startsWith("/api/jobs?"));
  expect(asked.length).toBeGreaterThan(0);
  for (const path of asked) {
    expect(path).not.toMatch(/asleep|colour|label|page=/);
    expect(path).toContain("project=default");
  }
});

test("a filter is in the address, and jobs that stop matching leave", async () => {
  const fake = deck(2);
  fake.start("job-1000");
  using page = renderPage("/jobs?status=running", fake);
  await screen.findByText("job-1000".slice(-8));
  expect(rows().length).toBe(1);
  page.fake.succeed("job-1000");
  expect(await screen.findByText("No job matches")).toBeVisible();
  page.fake.start("job-1001");
  await waitFor(() => expect(rows()[0]?.dataset.job).toBe("job-1001"));

  await userEvent.click(screen.getByRole("link", { name: "Failed" }));
  await waitFor(() =>
    expect(page.router.state.location.searchStr).toBe("?status=failed&status=dead"),
  );
});

test("says that it is not live, since when, and goes on without a gap", async () => {
  using page = renderPage("/jobs", deck(1));
  await isLive();
  await screen.findByText("Queued");
  page.fake.down = true;
  page.fake.cut();
  expect(await screen.findByText(/Not live since/)).toBeVisible();
  page.fake.down = false;
  page.fake.start("job-1000");
  await userEvent.click(await screen.findByRole("button", { name: "Try now" }));
  expect(await screen.findByText("Running")).toBeVisible();
  expect(screen.queryByText(/Not live since/)).toBeNull();
});

test("another log is told and the list is loaded afresh", async () => {
  using page = renderPage("/jobs", deck(1));
  await screen.findByText("job-1000".slice(-8));
  await isLive();
  page.fake.cut();
  page.fake.epoch = "e2";
  page.fake.tapes.clear();
  page.fake.log = [];
  page.fake.submit({ kind: "system.ping" }, "job-new1");
  expect(await screen.findByText("The page was loaded afresh")).toBeVisible();
  await waitFor(() => expect(rows().map((row) => row.dataset.job)).toEqual(["job-new1"]));
});

test("a bulk action shows what it would do, and does nothing before that is confirmed", async () => {
  const fake = deck(3);
  fake.start("job-1002");
  fake.fail("job-1002", { code: "x", message: "y" });
  using page = renderPage("/jobs", fake);
  await screen.findByText("job-1000".slice(-8));
  const user = userEvent.setup();
  await user.click(screen.getByLabelText("Select all loaded jobs"));
  await user.click(screen.getByRole("button", { name: "Cancel…" }));
  const dialog = await screen.findByRole("dialog");
  expect(await within(dialog).findByText("it is dead (1)")).toBeVisible();
  const bulk = () => page.fake.requests.filter((r) => r.path === "/api/jobs/bulk");
  expect(bulk().map((r) => (r.body as { dryRun: boolean }).dryRun)).toEqual([true]);

  await user.click(within(dialog).getByRole("button", { name: "Cancel 2 jobs" }));
  await waitFor(() => expect(screen.getAllByText("Cancelled").length).toBe(2));
  expect(bulk().length).toBe(2);
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("all that match are selected on the server, not only what is loaded", async () => {
  using page = renderPage("/jobs?kind=system.ping", deck(420));
  await screen.findByText("job-1419".slice(-8));
  const user = userEvent.setup();
  await user.click(screen.getByLabelText("Select all loaded jobs"));
  await user.click(await screen.findByRole("button", { name: "Select all 210 that match" }));
  await user.click(screen.getByRole("button", { name: "Cancel…" }));
  await screen.findByRole("dialog");
  await waitFor(() =>
    expect(page.fake.requests.findLast((r) => r.path === "/api/jobs/bulk")?.body).toMatchObject({
      filter: { kinds: ["system.ping"] },
      dryRun: true,
    }),
  );
});

test("a refused list says why and can be tried again", async () => {
  const fake = deck(1);
  fake.overrides.set("/api/jobs", () =>
    problem(503, "unavailable", "The read model is behind", { detail: "It is being rebuilt." }),
  );
  using page = renderPage("/jobs", fake);
  expect(await screen.findByText("It is being rebuilt.")).toBeVisible();
  page.fake.overrides.clear();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("job-1000".slice(-8))).toBeVisible();
});

test("the keyboard reaches pages, rows and the list of shortcuts", async () => {
  using page = renderPage("/jobs", deck(3));
  await screen.findByText("job-1002".slice(-8));
  const user = userEvent.setup();
  await user.keyboard("jjx");
  await waitFor(() => expect(screen.getByText("1")).toBeVisible());
  expect(screen.getByLabelText("Select system.ping job-1001")).toBeChecked();
  await user.keyboard("?");
  expect(await screen.findByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await user.keyboard("{Escape}");
  await user.keyboard("gq");
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/queues"));
});
