import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FakeServer } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

function library(): FakeServer {
  const fake = new FakeServer();
  for (const [id, name, folder] of [
    ["r-pay", "Pay by card", "shop/checkout"],
    ["r-login", "Sign in", "shop"],
    ["r-news", "Newsletter", ""],
  ] as const) {
    fake.clock += 60_000;
    fake.recorder.session(id, { name, folder, url: `https://${id}.example` });
    fake.recorder.step(id, { id: "s1", type: "navigate", url: `https://${id}.example` });
    fake.recorder.finish(id, { outcome: id === "r-news" ? "failed" : "complete" });
    fake.succeed(id);
  }
  return fake;
}

const cards = () =>
  within(screen.getByRole("list", { name: "Recordings" }))
    .getAllByRole("listitem")
    .map((card) => card.dataset.recording);

test("an empty library leads to a recording", async () => {
  using page = renderPage("/recordings");
  await userEvent.click(await screen.findByRole("link", { name: "Record the first flow" }));
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/record"));
});

test("folder, status, search and order are in the address", async () => {
  using page = renderPage("/recordings", library());
  await screen.findByText("Pay by card");
  expect(cards()).toEqual(["r-news", "r-login", "r-pay"]);
  const user = userEvent.setup();
  await user.selectOptions(screen.getByLabelText("Order"), "name");
  await waitFor(() => expect(cards()).toEqual(["r-news", "r-pay", "r-login"]));
  await user.click(within(screen.getByRole("navigation", { name: "Folders" })).getByText("shop"));
  await waitFor(() => expect(cards()).toEqual(["r-pay", "r-login"]));
  await user.type(screen.getByRole("searchbox"), "card");
  await waitFor(() => expect(cards()).toEqual(["r-pay"]));
  expect(page.router.state.location.search).toEqual({ sort: "name", folder: "shop", q: "card" });
  await user.selectOptions(screen.getByLabelText("Status"), "failed");
  expect(await screen.findByText("No recording matches")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Clear the filters" }));
  await waitFor(() => expect(cards().length).toBe(3));
});

test("a removed recording can be brought back from the note about it", async () => {
  using page = renderPage("/recordings", library());
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Actions of Sign in" }));
  await user.click(await screen.findByRole("menuitem", { name: "Remove" }));
  await waitFor(() => expect(cards()).toEqual(["r-news", "r-pay"]));
  await user.click(await screen.findByRole("button", { name: "Undo" }));
  await waitFor(() => expect(cards()).toContain("r-login"));
  expect(page.fake.recorder.reels.get("r-login")?.state.removed).toBe(false);
});

test("a recording is renamed and moved, even when it was changed meanwhile", async () => {
  using page = renderPage("/recordings", library());
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Actions of Sign in" }));
  await user.click(await screen.findByRole("menuitem", { name: "Rename…" }));
  const name = await screen.findByLabelText("Name");
  await user.clear(name);
  page.fake.recorder.append("r-login", "recording.filed", { folder: "elsewhere" });
  await user.type(name, "Log in{Enter}");
  expect(await screen.findByText("Log in")).toBeVisible();
  const state = () => page.fake.recorder.reels.get("r-login")?.state;
  expect(state()).toMatchObject({ name: "Log in", folder: "elsewhere" });
  await user.click(await screen.findByRole("button", { name: "Actions of Log in" }));
  await user.click(await screen.findByRole("menuitem", { name: "Move…" }));
  const folder = await screen.findByLabelText("Folder", { selector: "dialog *, [role=dialog] *" });
  await user.clear(folder);
  await user.type(folder, " shop / account /{Enter}");
  await waitFor(() => expect(state()?.folder).toBe("shop/account"));
});

test("an import says what it could not take over", async () => {
  using page = renderPage("/recordings", library());
  const user = userEvent.setup();
  const file = await screen.findByLabelText("Recording to import");
  await user.upload(file, new File(["not json"], "a.json", { type: "application/json" }));
  expect(await screen.findByText("The file is not JSON.")).toBeVisible();
  const chrome = { title: "From Chrome", steps: [{ type: "customStep", name: "x" }] };
  await user.upload(
    file,
    new File([JSON.stringify(chrome)], "b.json", { type: "application/json" }),
  );
  const dialog = await screen.findByRole("dialog", { name: "Imported, but for these" });
  expect(within(dialog).getByText("/steps/0")).toBeVisible();
  await user.click(within(dialog).getByRole("button", { name: "Open the recording" }));
  await waitFor(() =>
    expect(page.router.state.location.pathname).toMatch(/^\/recordings\/import-/),
  );
});

test("a recording that is made appears by itself", async () => {
  const fake = library();
  using page = renderPage("/recordings", fake);
  await screen.findByText("Pay by card");
  await waitFor(() => expect(screen.getAllByTestId("live")[0]).toHaveTextContent("Live"));
  page.fake.recorder.session("r-new", { name: "Brand new" });
  expect(await screen.findByText("Brand new")).toBeVisible();
  expect(screen.getByRole("link", { name: "Brand new" })).toHaveAttribute("href", "/record/r-new");
});
