import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FakeServer, problem } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

const posted = (fake: FakeServer) =>
  fake.requests.filter((r) => r.method === "POST" && r.path === "/api/recorder/sessions");

test("an address and Enter start a session and lead to it", async () => {
  using page = renderPage("/record?project=shop");
  const user = userEvent.setup();
  await waitFor(() => expect(screen.getByLabelText("Address")).toHaveFocus());
  await user.keyboard("shop.example/cart{Enter}");
  await waitFor(() => expect(page.router.state.location.pathname).toMatch(/^\/record\/01jd/));
  expect(posted(page.fake)[0]?.body).toEqual({
    ...{ url: "https://shop.example/cart", mode: "interactive", project: "shop" },
    viewport: { width: 1280, height: 800 },
  });
});

test("what is missing is said at its field, also in the folded part", async () => {
  using page = renderPage("/record");
  const user = userEvent.setup();
  await user.click(await screen.findByText(/More about the browser/));
  await user.type(screen.getByLabelText("HTTP user"), "mira");
  await user.click(screen.getByRole("button", { name: "Start recording" }));
  expect(await screen.findByText("Where should it begin?")).toBeVisible();
  expect(screen.getByLabelText("Secret with its password")).toBeInvalid();
  expect(posted(page.fake)).toEqual([]);
});

test("a pasted script names the recording and says what it holds", async () => {
  using page = renderPage("/record?mode=script");
  const user = userEvent.setup();
  const chrome = { title: "Buy it", steps: [{ type: "navigate", url: "https://a.example" }] };
  await user.click(await screen.findByLabelText("Script"));
  await user.paste("{");
  expect(screen.getByText("This is not JSON.")).toBeVisible();
  await user.clear(screen.getByLabelText("Script"));
  await user.click(screen.getByLabelText("Script"));
  await user.paste(JSON.stringify(chrome));
  expect(screen.getByText("1 step of Chrome's recorder, “Buy it”")).toBeVisible();
  expect(screen.getByLabelText("Name")).toHaveValue("Buy it");
  await user.click(screen.getByRole("button", { name: "Start recording" }));
  await waitFor(() => expect(posted(page.fake)).toHaveLength(1));
  expect(posted(page.fake)[0]?.body).toMatchObject({
    ...{ mode: "script", name: "Buy it", url: "https://a.example", chromeRecording: chrome },
  });
});

test("a refusal stands at the field that it is about", async () => {
  const fake = new FakeServer();
  fake.overrides.set("/api/recorder/sessions", () =>
    problem(422, "invalid", "The input does not fit", {
      errors: [{ path: "/input/url", message: "10.0.0.1 is not allowed" }],
    }),
  );
  using page = renderPage("/record", fake);
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText("Address"), "10.0.0.1{Enter}");
  expect(await screen.findByText("10.0.0.1 is not allowed")).toBeVisible();
  expect(page.router.state.location.pathname).toBe("/record");
});

test("devices come from the server", async () => {
  using page = renderPage("/record");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("radio", { name: /A device/ }));
  await screen.findByRole("option", { name: /Pixel 7/ });
  await user.selectOptions(screen.getByLabelText("Device"), "Pixel 7");
  await user.type(screen.getByLabelText("Address"), "a.example{Enter}");
  await waitFor(() => expect(posted(page.fake)[0]?.body).toMatchObject({ device: "Pixel 7" }));
});

test("a recording begins with a login and keeps one", async () => {
  using page = renderPage("/record");
  const user = userEvent.setup();
  await user.click(await screen.findByText(/More about the browser/));
  await screen.findByRole("option", { name: "ada" });
  await user.selectOptions(screen.getByLabelText("Login profile"), "ada");
  await user.type(screen.getByLabelText("Keep the login as"), "eve");
  await user.type(screen.getByLabelText("Address"), "a.example{Enter}");
  await waitFor(() =>
    expect(posted(page.fake)[0]?.body).toMatchObject({ profile: "ada", saveProfile: "eve" }),
  );
});

test("the keyboard leads to the recorder and its library", async () => {
  using page = renderPage("/jobs");
  await screen.findByText("No tape has been started yet");
  const user = userEvent.setup();
  await user.keyboard("gr");
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/recordings"));
  await user.keyboard("r");
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/record"));
});
