import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FakeServer } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

function running(): FakeServer {
  const fake = new FakeServer();
  fake.submit({ kind: "system.exercise", input: { lines: 3 } }, "job-1");
  fake.start("job-1");
  fake.logLines("job-1", ["first words", "\u001b[31mred words\u001b[0m"]);
  return fake;
}

test("the log grows line by line, joined to what was there without a gap or a double", async () => {
  using page = renderPage("/jobs/job-1?tab=log", running());
  expect(await screen.findByText("red words")).toBeInTheDocument();
  page.fake.logLines("job-1", ["third words"]);
  page.fake.logLines("job-1", ["fourth words"]);
  expect(await screen.findByText("fourth words")).toBeInTheDocument();
  const log = screen.getByRole("log");
  expect(
    within(log)
      .getAllByText(/words$/)
      .map((e) => e.textContent),
  ).toEqual(["first words", "red words", "third words", "fourth words"]);
  expect(screen.getByTestId("log-total")).toHaveTextContent("4 lines");
});

test("lines that come while the page loads are there once", async () => {
  const fake = running();
  const handle = fake.handle.bind(fake);
  fake.handle = async (request) => {
    const answer = await handle(request);
    if (request.url.includes("/log?")) fake.logLines("job-1", [`late ${fake.log.length}`]);
    return answer;
  };
  using page = renderPage("/jobs/job-1?tab=log", fake);
  await screen.findByText("first words");
  fake.handle = handle;
  page.fake.logLines("job-1", ["last words"]);
  await screen.findByText("last words");
  const shown = within(screen.getByRole("log")).getAllByText(/^(late \d+|.* words)$/);
  const stored = page.fake.tape("job-1").lines.get(1)?.length;
  expect(shown.length).toBe(stored);
});

test("a second attempt's log starts empty and the first one's stays readable", async () => {
  using page = renderPage("/jobs/job-1?tab=log", running());
  await screen.findByText("first words");
  page.fake.fail("job-1", { code: "exit", message: "status 1" }, 1000);
  page.fake.record("job-1", "job.queued", { reason: "retry_due" }, { status: "queued" });
  page.fake.start("job-1");
  page.fake.logLines("job-1", ["second attempt speaks"]);
  expect(await screen.findByText("second attempt speaks")).toBeInTheDocument();
  expect(screen.queryByText("first words")).toBeNull();
  await userEvent.selectOptions(screen.getByLabelText("Attempt"), "1");
  expect(await screen.findByText("first words")).toBeInTheDocument();
});

test("status, progress and errors of every attempt are live", async () => {
  using page = renderPage("/jobs/job-1", running());
  const status = await screen.findByTestId("job-status");
  expect(status).toHaveTextContent("Running");
  page.fake.progress("job-1", 42, "most of it");
  expect(await screen.findByText("42 %")).toBeVisible();
  page.fake.fail("job-1", { code: "exit", message: "the first fault" }, 1000);
  await waitFor(() => expect(screen.getByTestId("job-status")).toHaveTextContent("Retrying"));
  page.fake.record("job-1", "job.queued", { reason: "retry_due" }, { status: "queued" });
  page.fake.start("job-1");
  page.fake.fail("job-1", { code: "timeout", message: "the second fault" });
  await waitFor(() => expect(screen.getByTestId("job-status")).toHaveTextContent("Dead"));
  expect(screen.getByText("the first fault")).toBeVisible();
  expect(screen.getByText("the second fault")).toBeVisible();
});

test("time travel shows the state after an event and what that event changed", async () => {
  using page = renderPage("/jobs/job-1?tab=state&v=2", running());
  const diff = await screen.findByTestId("diff");
  expect(diff).toHaveTextContent(/status.*"queued".*"running"/);
  expect(diff).toHaveTextContent(/attempt.*0.*1/);
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "One event back" }));
  expect(await screen.findByText("State at version 1")).toBeVisible();
  expect(page.router.state.location.searchStr).toContain("v=1");
  page.fake.succeed("job-1");
  await screen.findByText("3", { selector: "ol button", exact: false }).catch(() => null);
  expect(screen.getByText("State at version 1")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Latest" }));
  expect(await screen.findByText("State at version 3")).toBeVisible();
});

test("an event has an address, and shows its whole envelope", async () => {
  using _page = renderPage("/jobs/job-1?tab=events&event=2", running());
  const envelope = await screen.findByRole("region", { name: "Envelope of event 2" });
  expect(envelope).toHaveTextContent('"type": "job.started"');
});

test("cancelling asks first and gives the reason to the tape", async () => {
  using page = renderPage("/jobs/job-1", running());
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Cancel…" }));
  const commands = () => page.fake.requests.filter((r) => r.method === "POST");
  expect(commands()).toEqual([]);
  await user.type(await screen.findByLabelText("Reason"), "wrong branch");
  await user.click(screen.getByRole("button", { name: "Cancel the job" }));
  await waitFor(() => expect(screen.getByTestId("job-status")).toHaveTextContent("Cancelled"));
  expect(commands()).toMatchObject([
    { path: "/api/jobs/job-1/cancel", body: { reason: "wrong branch" } },
  ]);
});

test("a job that does not exist says so", async () => {
  using _page = renderPage("/jobs/nobody");
  expect(await screen.findByText("There is no such job")).toBeVisible();
});

test("finding in a log counts the hits and a level leaves the rest out", async () => {
  const fake = running();
  fake.logLines("job-1", ["all is lost"], "error");
  using _page = renderPage("/jobs/job-1?tab=log&find=WORDS", fake);
  expect(await screen.findByText("1 of 2")).toBeVisible();
  await userEvent.selectOptions(screen.getByLabelText("Least level"), "error");
  await waitFor(() => expect(screen.getByTestId("log-total")).toHaveTextContent("1 of 3 lines"));
  expect(within(screen.getByRole("log")).queryByText("first words")).toBeNull();
});
