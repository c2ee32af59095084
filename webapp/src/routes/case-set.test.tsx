import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { FakeServer, problem } from "@/testing/fake-server";
import { passage } from "@/testing/fake-suites";
import { renderPage } from "@/testing/render";

afterEach(() => localStorage.clear());

function set(): FakeServer {
  const fake = new FakeServer();
  const state = fake.suites.set("c1", "r1", [
    { title: "Buy a book", sources: [passage("The cart **must** keep its items.")] },
    { title: "Too many books", type: "negative" },
    { title: "Pay nothing", type: "edge" },
  ]);
  fake.suites.sets.set("c1", {
    ...state,
    uncoveredOf: 1,
    uncovered: [{ requirement: "must", source: passage("Vouchers must expire.") }],
    findings: [
      {
        ...{ findingId: "f1", kind: "contradiction", subject: "Title", message: "They differ." },
        says: [passage("The title is Shop.")],
      },
    ],
  });
  return fake;
}

const sent = (fake: FakeServer, verb: string) =>
  fake.requests.filter(({ method, path }) => method === "POST" && path.endsWith(verb));
const title = (name: string) => screen.findByRole("heading", { level: 2, name });

test("keys go through the cases and say of each what it is", async () => {
  const fake = set();
  using page = renderPage("/suites/cases/c1", fake);
  const user = userEvent.setup();
  await title("Buy a book");
  await user.keyboard("a");
  const who = within(await screen.findByRole("dialog", { name: "Who says so?" }));
  await user.type(who.getByLabelText(/Your name/), "Ada");
  await user.click(who.getByRole("button", { name: "Accept" }));
  await screen.findByText("1 of 3 reviewed");
  expect(sent(fake, "/cases/tc-1/accept")[0]?.body).toEqual({ by: "Ada" });

  await user.keyboard("j");
  await title("Too many books");
  expect(page.router.state.location.search).toEqual({ case: "tc-2" });
  await user.keyboard("r");
  const why = within(await screen.findByRole("dialog", { name: "Reject the case" }));
  expect(why.getByLabelText(/Your name/)).toHaveValue("Ada");
  expect(why.getByRole("button", { name: "Reject" })).toBeDisabled();
  await user.type(why.getByLabelText(/Reason/), "It cannot be");
  await user.click(why.getByRole("button", { name: "Reject" }));
  await screen.findByText("2 of 3 reviewed");
  expect(sent(fake, "/reject")[0]?.body).toEqual({ by: "Ada", reason: "It cannot be" });
  expect(screen.getByText("“It cannot be”")).toBeInTheDocument();

  await user.keyboard("k");
  await title("Buy a book");
});

test("a case shows where it comes from, as text and with a way there", async () => {
  using _page = renderPage("/suites/cases/c1?case=tc-1", set());
  const list = within(await screen.findByRole("list", { name: "Demanded by" }));
  expect(list.getByText("The cart must keep its items.")).toBeInTheDocument();
  expect(list.getByRole("link", { name: "Rules › Cart" })).toHaveAttribute(
    "href",
    "/knowledge/doc-1?passage=p-1",
  );
});

test("findings and what is uncovered are told", async () => {
  using _page = renderPage("/suites/cases/c1?tab=findings", set());
  const user = userEvent.setup();
  const findings = await screen.findByRole("list", { name: "Findings" });
  expect(findings).toHaveTextContent(/They differ\..*The title is Shop\./);
  await user.click(screen.getByRole("link", { name: "Uncovered 1" }));
  const uncovered = await screen.findByRole("list", { name: "Uncovered requirements" });
  expect(uncovered).toHaveTextContent("Vouchers must expire.");
});

test("an edit is saved with what differs, and can be taken back", async () => {
  localStorage.setItem("tapedeck.reviewer", "Ada");
  const fake = set();
  using _page = renderPage("/suites/cases/c1?case=tc-1", fake);
  const user = userEvent.setup();
  await title("Buy a book");
  await user.keyboard("e");
  const form = within(await screen.findByRole("form", { name: "Edit the case" }));
  expect(form.getByRole("button", { name: "Save" })).toBeDisabled();
  await user.clear(form.getByLabelText(/Title/));
  expect(form.getByText("A case needs a title.")).toBeInTheDocument();
  await user.type(form.getByLabelText(/Title/), "Buy two books");
  await user.click(form.getByRole("button", { name: "Add a step" }));
  expect(form.getByText("Each step says what is done.")).toBeInTheDocument();
  await user.type(form.getByLabelText("Action of step 2"), "Pay");
  await user.click(form.getByRole("button", { name: "Move step 2 up" }));
  await user.click(form.getByRole("button", { name: "Save" }));
  await title("Buy two books");
  const [edit] = sent(fake, "/edit");
  expect(edit?.body).toMatchObject({
    ...{ title: "Buy two books", by: "Ada" },
    steps: [{ action: "Pay" }, { stepId: "1", action: "Open /", expected: "The shop is there" }],
  });
  expect(screen.getByText("What differs from what was generated")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Bring back what was generated" }));
  await title("Buy a book");
});

test("somebody else's change of the same case is told, and the edit is still there", async () => {
  localStorage.setItem("tapedeck.reviewer", "Ada");
  const fake = set();
  using _page = renderPage("/suites/cases/c1?case=tc-1", fake);
  const user = userEvent.setup();
  await title("Buy a book");
  await user.keyboard("e");
  const form = within(await screen.findByRole("form", { name: "Edit the case" }));
  await user.type(form.getByLabelText(/Title/), " twice");
  fake.suites.say("c1", "tc-1", { title: "Buy theirs" });
  await user.click(form.getByRole("button", { name: "Save" }));
  expect(await form.findByRole("alert")).toHaveTextContent("Your edit is still here");
  expect(form.getByLabelText(/Title/)).toHaveValue("Buy a book twice");
  expect(fake.suites.sets.get("c1")?.cases[0]?.title).toBe("Buy theirs");
  await user.click(form.getByRole("button", { name: "Keep mine, and save it over theirs" }));
  await user.click(form.getByRole("button", { name: "Save" }));
  await title("Buy a book twice");
});

test("a change of another case is no matter of this one", async () => {
  localStorage.setItem("tapedeck.reviewer", "Ada");
  const fake = set();
  using _page = renderPage("/suites/cases/c1?case=tc-1", fake);
  await title("Buy a book");
  fake.suites.say("c1", "tc-2", { standing: "accepted" });
  await userEvent.keyboard("a");
  await screen.findByText("2 of 3 reviewed");
  expect(sent(fake, "/accept")).toHaveLength(2);
});

test("whoever leaves an edit is asked, and can stay", async () => {
  localStorage.setItem("tapedeck.reviewer", "Ada");
  using page = renderPage("/suites/cases/c1?case=tc-1", set());
  const user = userEvent.setup();
  await title("Buy a book");
  await user.keyboard("e");
  const form = within(await screen.findByRole("form", { name: "Edit the case" }));
  await user.type(form.getByLabelText(/Title/), " twice");
  await user.click(screen.getByRole("link", { name: /Too many books/ }));
  const ask = () => screen.findByRole("dialog", { name: "Let the edit go?" });
  await user.click(within(await ask()).getByRole("button", { name: "Go on editing" }));
  expect(form.getByLabelText(/Title/)).toHaveValue("Buy a book twice");
  expect(page.router.state.location.search).toEqual({ case: "tc-1" });
  await user.click(screen.getByRole("link", { name: /Too many books/ }));
  await user.click(within(await ask()).getByRole("button", { name: "Let it go" }));
  await title("Too many books");
  expect(screen.queryByRole("form", { name: "Edit the case" })).toBeNull();
});

test("cases are handed out with a word, or it is said why not", async () => {
  const fake = set();
  using _page = renderPage("/suites/cases/c1", fake);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Export" }));
  expect(await screen.findByRole("menuitem", { name: "Gherkin" })).toHaveAttribute(
    "href",
    expect.stringContaining("/api/test-cases/c1/export?format=gherkin"),
  );
  await user.click(screen.getByRole("menuitem", { name: "Hand out…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Hand cases out" }));
  await user.selectOptions(dialog.getByLabelText("Format"), "markdown");
  await user.type(dialog.getByLabelText(/Your name/), "Ada");
  fake.overrides.set("/api/test-cases/c1/export", () =>
    problem(409, "conflict", "no case has this standing"),
  );
  await user.click(dialog.getByRole("button", { name: "Hand out" }));
  expect(await dialog.findByRole("alert")).toHaveTextContent("no case has this standing");
  fake.overrides.clear();
  URL.createObjectURL = () => "blob:x";
  URL.revokeObjectURL = () => {};
  await user.click(dialog.getByRole("button", { name: "Hand out" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const [, second] = fake.requests.filter(({ path }) => path.includes("/export"));
  expect(second?.path).toBe("/api/test-cases/c1/export?format=markdown&status=accepted");
  expect(second?.body).toEqual({ by: "Ada" });
});

test("cases that are not there yet, or never will be, are told", async () => {
  const fake = new FakeServer();
  fake.submit({ kind: "testcases.generate", input: { recordingId: "r1" } as never }, "c2");
  using _page = renderPage("/suites/cases/c2", fake);
  await screen.findByText("The cases are being made");
  fake.start("c2");
  fake.fail("c2", { code: "bad_source", message: "a source is gone" });
  expect(await screen.findByText("a source is gone")).toBeInTheDocument();
});
