import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FakeServer, problem } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

const posted = (fake: FakeServer) => fake.requests.filter((r) => r.method === "POST");

test("a job is submitted from the form, shown as curl, and its page opens", async () => {
  using page = renderPage("/submit?kind=system.ping");
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText(/Message/), "it's me");
  await user.type(screen.getByLabelText("Labels"), "env:staging");
  expect(screen.getByTestId("curl")).toHaveTextContent('"message": "it\'\\\'\'s me"');
  await user.click(screen.getByRole("button", { name: "Submit Ping" }));
  await waitFor(() => expect(page.router.state.location.pathname).toMatch(/^\/jobs\/.+/));
  expect(posted(page.fake)[0]?.body).toEqual({
    kind: "system.ping",
    input: { message: "it's me" },
    labels: { env: "staging" },
  });
});

test("what cannot be meant is told at its field and nothing is sent", async () => {
  using page = renderPage("/submit?kind=system.exercise");
  const user = userEvent.setup();
  await user.clear(await screen.findByLabelText("Log lines"));
  await user.type(screen.getByLabelText("Log lines"), "1.5");
  await user.type(screen.getByLabelText("Delay"), "soon");
  await user.click(screen.getByRole("button", { name: /^Submit / }));
  expect(await screen.findByText("A whole number is needed.")).toBeVisible();
  expect(screen.getByLabelText("Log lines")).toHaveAccessibleDescription(/whole number/);
  expect(screen.getByText(/A duration such as/)).toBeVisible();
  expect(posted(page.fake)).toEqual([]);
});

test("the server's errors stand at their fields; what fits none stands above", async () => {
  const fake = new FakeServer();
  fake.overrides.set("/api/jobs", () =>
    problem(422, "invalid", "The input does not fit", {
      errors: [
        { path: "/input/message", message: "too shy" },
        { path: "/labels", message: "too many" },
        { path: "header/X", message: "odd header" },
      ],
    }),
  );
  using _page = renderPage("/submit?kind=system.ping", fake);
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText(/Message/), "hi");
  await user.click(screen.getByRole("button", { name: "Submit Ping" }));
  expect(await screen.findByText("too shy")).toBeVisible();
  expect(screen.getByLabelText(/Message/)).toBeInvalid();
  expect(screen.getByText("too many")).toBeVisible();
  expect(screen.getByRole("alert")).toHaveTextContent("header/X: odd header");
});

test("the input can be edited as JSON and back, without losing anything", async () => {
  using page = renderPage("/submit?kind=system.exercise");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Edit as JSON" }));
  const box = screen.getByLabelText("Input as JSON");
  await user.clear(box);
  await user.click(box);
  await user.paste('{"lines": 7, "tags": ["a", "b"]}');
  await user.click(screen.getByRole("button", { name: "Edit as a form" }));
  expect(screen.getByLabelText("Log lines")).toHaveValue("7");
  expect(screen.getByLabelText("Tags")).toHaveValue("a\nb");
  await user.click(screen.getByRole("button", { name: /^Submit / }));
  await waitFor(() => expect(posted(page.fake).length).toBe(1));
  expect(posted(page.fake)[0]?.body).toMatchObject({ input: { lines: 7, tags: ["a", "b"] } });
});

test("a copy begins with the job's own input and labels", async () => {
  const fake = new FakeServer();
  fake.submit(
    { kind: "system.ping", input: { message: "again" }, labels: { env: "x" } },
    "job-like",
  );
  using _page = renderPage("/submit?kind=system.ping&from=job-like", fake);
  expect(await screen.findByDisplayValue("again")).toBeVisible();
  expect(screen.getByLabelText("Labels")).toHaveValue("env:x");
});
