import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FakeServer } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

test("a job is forked with changed input, and the page goes to the new one", async () => {
  const fake = new FakeServer();
  fake.submit({ kind: "system.exercise", input: { lines: 3, old: true } as never }, "job-1");
  fake.submit({ kind: "system.exercise", input: { lines: 4 } as never }, "job-2");
  fake.overrides.set("/api/jobs/job-1/fork", () =>
    Response.json({ ...fake.tapes.get("job-2")?.job }, { status: 202 }),
  );
  using page = renderPage("/jobs/job-1", fake);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Fork…" }));
  const dialog = within(await screen.findByRole("dialog"));
  const input = dialog.getByRole("textbox", { name: "Input" });
  expect(input).toHaveValue(JSON.stringify({ lines: 3, old: true }, null, 2));
  await user.clear(input);
  await user.type(input, "{{lines");
  expect(dialog.getByText(/This is no JSON/)).toBeInTheDocument();
  expect(dialog.getByRole("button", { name: "Fork" })).toBeDisabled();
  await user.clear(input);
  await user.type(input, '{{"lines":4}');
  await user.click(dialog.getByRole("button", { name: "Fork" }));
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/jobs/job-2"));
  const sent = fake.requests.find(({ path }) => path === "/api/jobs/job-1/fork");
  expect(sent?.body).toEqual({ version: 1, input: { lines: 4, old: null } });
});

test("a pipeline shows its steps, and is done again from one that failed", async () => {
  const fake = new FakeServer();
  fake.submit({ kind: "pipeline.run", input: { recordingId: "r1" } as never }, "p1");
  const at = new Date(fake.clock).toISOString();
  fake.overrides.set("/api/pipelines/p1", () =>
    Response.json({
      ...{ jobId: "p1", project: "default", status: "failed", createdAt: at, finishedAt: at },
      version: 3,
      steps: [
        { step: "record", status: "given", jobId: "r1" },
        { step: "ingest", status: "left_out" },
        { step: "generate", status: "failed", jobId: "g1", error: { code: "x", message: "why" } },
        { step: "verify", status: "pending" },
      ],
      result: { recordingId: "r1", generateId: "g1" },
    }),
  );
  fake.submit({ kind: "pipeline.run", input: {} as never }, "p2");
  fake.overrides.set("/api/pipelines/p1/retry", () =>
    Response.json({ jobId: "p2", status: "queued", version: 1, cursor: "c" }, { status: 202 }),
  );
  using page = renderPage("/jobs/p1", fake);
  const steps = within(await screen.findByRole("region", { name: "Steps" }));
  expect(steps.getByText("Not asked for")).toBeInTheDocument();
  expect(steps.getByText("why")).toBeInTheDocument();
  expect(steps.getByRole("link", { name: "Write the test" })).toHaveAttribute("href", "/jobs/g1");
  expect(steps.getByRole("link", { name: "Code and review" })).toHaveAttribute(
    "href",
    "/suites/g1",
  );
  await userEvent.click(steps.getByRole("button", { name: "Again from here: Write the test" }));
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/jobs/p2"));
  const sent = fake.requests.find(({ path }) => path === "/api/pipelines/p1/retry");
  expect(sent?.body).toEqual({ from: "generate" });
});
