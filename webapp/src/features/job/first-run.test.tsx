import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { FakeServer } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

beforeEach(() => localStorage.clear());

function shop(): FakeServer {
  const fake = new FakeServer();
  fake.demo = { url: "http://127.0.0.1:4100", pipelineId: "job-demo" };
  fake.submit({ kind: "system.exercise" }, "job-demo");
  return fake;
}

const banner = () => screen.findByRole("region", { name: "First run" });

test("the first run is shown live, and then invites to record", async () => {
  using page = renderPage("/jobs", shop());
  const here = within(await banner());
  expect(here.getByRole("link", { name: "Watch it" })).toHaveAttribute("href", "/jobs/job-demo");
  expect(here.queryByRole("link", { name: "Record a flow" })).toBeNull();
  page.fake.start("job-demo");
  page.fake.progress("job-demo", 40, "generate: learning");
  expect(await here.findByText("generate: learning")).toBeVisible();

  page.fake.succeed("job-demo", { outcome: "proven" });
  expect(await here.findByText("The demo shop has a proven test")).toBeVisible();
  const link = here.getByRole("link", { name: "Record a flow" });
  expect(decodeURIComponent(link.getAttribute("href") ?? "")).toContain("http://127.0.0.1:4100");
});

test("a first run that failed says so", async () => {
  using page = renderPage("/jobs", shop());
  const here = within(await banner());
  page.fake.start("job-demo");
  page.fake.fail("job-demo", { code: "step_failed", message: "no browser" });
  expect(await here.findByText("The first run did not come to its end")).toBeVisible();
});

test("it stays hidden once it was hidden, and without a demo shop there is none", async () => {
  const user = userEvent.setup();
  {
    using _page = renderPage("/jobs", shop());
    await user.click(within(await banner()).getByRole("button", { name: "Hide this" }));
    await waitFor(() => expect(screen.queryByRole("region", { name: "First run" })).toBeNull());
  }
  {
    using _page = renderPage("/jobs", shop());
    await screen.findByText("job-demo".slice(-8));
    expect(screen.queryByRole("region", { name: "First run" })).toBeNull();
  }
  localStorage.clear();
  const fake = shop();
  fake.demo = undefined;
  using _page = renderPage("/jobs", fake);
  await screen.findByText("job-demo".slice(-8));
  expect(screen.queryByRole("region", { name: "First run" })).toBeNull();
});
