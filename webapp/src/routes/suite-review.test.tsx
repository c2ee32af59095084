import { screen, waitFor, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { FakeServer } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

const generated = 'await page.goto("/");\n';

function shop() {
  const fake = new FakeServer();
  fake.suites.suite("g1", "r1");
  fake.suiteReviews.add("g1", generated);
  return fake;
}

beforeEach(() => localStorage.clear());

async function open(fake: FakeServer) {
  const page = renderPage("/suites/g1", fake);
  const user = userEvent.setup();
  await screen.findByRole("region", { name: "Code of the test" });
  return { page, user };
}

async function edit(user: ReturnType<typeof userEvent.setup>, name = true) {
  await user.click(screen.getByRole("button", { name: "Edit" }));
  const area = await screen.findByRole("textbox", { name: "Code of the test" });
  await user.type(area, "// mine");
  if (name) await user.type(screen.getByRole("textbox", { name: /Your name/ }), "Ada");
  return area;
}

test("an edit is saved and proven, and its changes are shown", async () => {
  const fake = shop();
  const { page: opened, user } = await open(fake);
  using _page = opened;
  await edit(user);
  await user.type(screen.getByRole("textbox", { name: "Why" }), "it reads better");
  await user.keyboard("{Control>}s{/Control}");
  const code = await screen.findByRole("region", { name: "Code of the test" });
  await waitFor(() => expect(code).toHaveTextContent("// mine"));
  const sent = fake.requests.find(({ method }) => method === "PUT");
  expect(sent?.body).toEqual({
    ...{ text: `${generated}// mine`, prove: true, by: "Ada", reason: "it reads better" },
  });
  expect(document.querySelector('[data-standing="edited"]')).toBeInTheDocument();
  const proofs = within(screen.getByRole("complementary", { name: "Proofs" }));
  expect(proofs.getByRole("listitem")).toHaveTextContent("by Ada");
  expect(screen.getByRole("complementary", { name: "Review" })).toHaveTextContent(
    /Edited: text 2 by Ada.*it reads better.*Generated/,
  );
  await user.click(screen.getByRole("button", { name: "Changes" }));
  expect(await screen.findByText("added:")).toBeInTheDocument();
});

test("an edit that somebody else was faster than is kept, and can be saved over theirs", async () => {
  const fake = shop();
  const { page: opened, user } = await open(fake);
  using _page = opened;
  const area = await edit(user);
  fake.suiteReviews.say("g1", "edited", "Grace", undefined, "// theirs\n");
  await user.click(screen.getByRole("button", { name: "Save and prove" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("the suite was edited by Grace");
  expect(area).toHaveValue(`${generated}// mine`);
  await user.click(screen.getByRole("button", { name: "Save only" }));
  await waitFor(() => expect(fake.suiteReviews.texts.get("g1")).toHaveLength(3));
  expect(fake.suiteReviews.texts.get("g1")?.[2]).toBe(`${generated}// mine`);
});

test("leaving an edit asks first", async () => {
  const { page: opened, user } = await open(shop());
  using page = opened;
  await edit(user, false);
  void page.router.navigate({ to: "/suites" });
  const dialog = await screen.findByRole("dialog", { name: "Leave without saving?" });
  await user.click(within(dialog).getByRole("button", { name: "Go on editing" }));
  expect(page.router.state.location.pathname).toBe("/suites/g1");
  expect(screen.getByRole("textbox", { name: "Code of the test" })).toHaveValue(
    `${generated}// mine`,
  );
});

test("a suite is rejected with a reason and not handed out any more", async () => {
  const fake = shop();
  const { page: opened, user } = await open(fake);
  using _page = opened;
  expect(screen.getByRole("link", { name: "Download project" })).toHaveAttribute(
    "href",
    expect.stringContaining("/api/suites/g1/project.zip"),
  );
  await user.click(screen.getByRole("button", { name: "Reject…" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByRole("textbox", { name: /Your name/ }), "Ada");
  expect(dialog.getByRole("button", { name: "Reject" })).toBeDisabled();
  await user.type(dialog.getByRole("textbox", { name: /Reason/ }), "a duplicate");
  await user.click(dialog.getByRole("button", { name: "Reject" }));
  await waitFor(() =>
    expect(document.querySelector('[data-standing="rejected"]')).toBeInTheDocument(),
  );
  expect(screen.queryByRole("link", { name: "Download project" })).toBeNull();
  expect(screen.getByRole("button", { name: "Push…" })).toBeDisabled();
});
