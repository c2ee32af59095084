import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FakeServer } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

function shop(): FakeServer {
  const fake = new FakeServer();
  const source = fake.knowledge.source("shop");
  source.faults = [{ key: "/lost", code: "status_500", message: "it fell over" }];
  fake.knowledge.document(source, "cart", [
    "The cart must keep its items.",
    "<b>Nothing</b> else about the cart.",
  ]);
  fake.knowledge.document(fake.knowledge.source("docs"), "help", ["Nobody reads this."]);
  return fake;
}

test("what is not known yet leads to adding a source", async () => {
  using page = renderPage("/knowledge");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Website" }));
  await user.type(await screen.findByLabelText(/Address/), "https://docs.example/");
  await user.click(screen.getByRole("button", { name: "Read the site" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const sent = page.fake.requests.find(({ path }) => path === "/api/ingest/website");
  expect(sent?.body).toEqual({ url: "https://docs.example/", maxDepth: 10, maxPages: 1000 });
});

test("a look says what would be read, and what would not", async () => {
  using page = renderPage("/knowledge");
  page.fake.overrides.set("/api/ingest/website/preview", () =>
    Response.json({
      count: 12,
      approximate: true,
      items: [
        { key: "https://docs.example/" },
        { key: "https://docs.example/secret", reason: "robots.txt forbids it" },
      ],
    }),
  );
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Website" }));
  await user.type(await screen.findByLabelText(/Address/), "https://docs.example/");
  await user.click(screen.getByRole("button", { name: "Look first" }));
  const look = await screen.findByRole("region", { name: "What would be read" });
  expect(look).toHaveTextContent("At least 12 would be read");
  expect(look).toHaveTextContent("robots.txt forbids it");
  expect(page.fake.tapes.size).toBe(0);
});

test("a refusal is said in the form and loses nothing", async () => {
  using page = renderPage("/knowledge");
  page.fake.overrides.set("/api/ingest/jira", () =>
    Response.json(
      {
        type: "about:blank",
        title: "Bad Request",
        detail: "no such field",
        status: 400,
        code: "invalid",
      },
      { status: 400 },
    ),
  );
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Jira" }));
  await user.type(await screen.findByLabelText(/JQL/), "colour = red");
  await user.click(screen.getByRole("button", { name: "Read the issues" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("no such field");
  expect(screen.getByLabelText(/JQL/)).toHaveValue("colour = red");
});

test("search, source and requirement are in the address", async () => {
  using page = renderPage("/knowledge", shop());
  const user = userEvent.setup();
  const list = await screen.findByRole("list", { name: "Documents" });
  expect(within(list).getAllByRole("listitem").length).toBe(2);
  await user.click(within(screen.getByRole("navigation", { name: "Sources" })).getByText(/docs/));
  await waitFor(() => expect(screen.queryByText("Page cart")).toBeNull());
  await user.click(screen.getByText("All sources", { selector: "span" }));
  await user.type(screen.getByRole("searchbox"), "cart");
  const hits = await screen.findByRole("list", { name: "Passages" });
  expect(within(hits).getAllByRole("listitem").length).toBe(2);
  await user.selectOptions(screen.getByLabelText("Requirements"), "must");
  await waitFor(() =>
    expect(
      within(screen.getByRole("list", { name: "Passages" })).getAllByRole("listitem").length,
    ).toBe(1),
  );
  expect(page.router.state.location.search).toEqual({ q: "cart", type: "must" });
});

test("a hit opens its document at the passage, which is shown as text", async () => {
  using page = renderPage("/knowledge?q=nothing", shop());
  const user = userEvent.setup();
  await user.click(await screen.findByRole("link", { name: /Page cart/ }));
  const passage = await screen.findByText("<b>Nothing</b> else about the cart.");
  expect(passage.closest("a")).toHaveAttribute("aria-current", "page");
  expect(page.router.state.location.search).toEqual({ passage: "cart-1" });
  await user.click(screen.getByRole("button", { name: "Remove" }));
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/knowledge"));
});

test("a source says how its run went and is removed with its documents", async () => {
  using _page = renderPage("/knowledge?source=shop", shop());
  const user = userEvent.setup();
  const head = await screen.findByRole("region", { name: /Source/ });
  expect(head).toHaveTextContent("1 failed");
  await user.click(await within(head).findByText(/What was left out/));
  expect(within(head).getByText("it fell over", { exact: false })).toBeVisible();
  await user.click(within(head).getByRole("button", { name: "Remove" }));
  await user.click(await screen.findByRole("button", { name: "Remove the source" }));
  await waitFor(() => expect(screen.queryByText("Page cart")).toBeNull());
  expect(await screen.findByText("Page help")).toBeVisible();
});
