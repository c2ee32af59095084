import { screen, waitFor, within } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import { expect, test } from "vitest";
import { FakeServer, problem } from "@/testing/fake-server";
import { renderPage } from "@/testing/render";

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a person types
const bearer = "Bearer ${secret:token}";

function shop(): FakeServer {
  const fake = new FakeServer();
  fake.environments.add("staging", {
    title: "Staging",
    writable: true,
    secrets: [{ name: "token", ref: "TAPEDECK_SECRET_SHOP" }],
    headers: { Authorization: bearer },
    allowedHosts: ["api.example", "*.cdn.example"],
    version: 3,
  });
  fake.environments.add("live");
  return fake;
}

/** Fills a field at once: typing is not what is tested. */
async function fill(user: UserEvent, label: string | RegExp, text: string) {
  await user.click(await screen.findByLabelText(label));
  await user.paste(text);
}

const sent = (fake: FakeServer, method: string) =>
  fake.requests.filter((request) => request.method === method);

test("nothing there explains itself and leads to the first environment", async () => {
  using page = renderPage("/environments");
  const user = userEvent.setup();
  await screen.findByText("No environments yet");
  await user.click(screen.getByRole("button", { name: "Add an environment" }));
  await fill(user, /Name/, "staging");
  await fill(user, /^Address/, "https://staging.example");
  await user.click(screen.getByRole("button", { name: "Add a secret" }));
  await fill(user, "Name of secret 1", "token");
  await fill(user, "Reference of secret 1", "TAPEDECK_SECRET_SHOP");
  await user.click(screen.getByRole("button", { name: "Add a header" }));
  await fill(user, "Name of header 1", "Authorization");
  await fill(user, "Value of header 1", bearer);
  await user.click(screen.getByRole("button", { name: "Add a header" }));
  await fill(user, /Other hosts/, "api.example\n*.cdn.example");
  await user.click(screen.getByRole("button", { name: "Add" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const [put] = sent(page.fake, "PUT");
  expect(put?.path).toBe("/api/environments/staging?project=default");
  expect(put?.body).toEqual({
    baseUrl: "https://staging.example",
    secrets: [{ name: "token", ref: "TAPEDECK_SECRET_SHOP" }],
    headers: { Authorization: bearer },
    allowedHosts: ["api.example", "*.cdn.example"],
  });
  expect(await screen.findByRole("heading", { name: "staging" })).toBeVisible();
});

test("the list says where tests go and whether they may write", async () => {
  using _page = renderPage("/environments", shop());
  const list = await screen.findByRole("list", { name: "Environments" });
  expect(list).toHaveTextContent("default/staging");
  expect(list).toHaveTextContent("may be written to");
  expect(list).toHaveTextContent("read only");
  expect(list).toHaveTextContent("Also api.example, *.cdn.example");
  expect(list).not.toHaveTextContent("Bearer");
});

test("an environment is changed as it was seen", async () => {
  using page = renderPage("/environments", shop());
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Edit staging" }));
  const dialog = await screen.findByRole("dialog", { name: "Change staging" });
  expect(within(dialog).queryByLabelText(/^Name \(required\)/)).toBeNull();
  await user.click(within(dialog).getByLabelText("Tests that write may run here"));
  await user.click(within(dialog).getByRole("button", { name: "Remove header 1" }));
  await user.click(within(dialog).getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(page.fake.environments.list.find(({ name }) => name === "staging")).toMatchObject({
    title: "Staging",
    headers: {},
    secrets: [{ name: "token" }],
    version: 4,
  });
  expect(await screen.findAllByText("read only")).toHaveLength(2);
});

test("what is wrong is said where it is, and nothing typed is lost", async () => {
  using page = renderPage("/environments", shop());
  page.fake.overrides.set("/api/environments/staging", () =>
    problem(400, "invalid", "Bad Request", {
      detail: "the request is not valid",
      errors: [
        { path: "/secrets/0/ref", message: "never its value" },
        { path: "/headers/Cookie", message: "would be written down" },
        { path: "/baseUrl", message: "has no host" },
      ],
    }),
  );
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Edit staging" }));
  await fill(user, /^Title/, " two");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("1 ref: never its value")).toBeVisible();
  expect(screen.getByText("Cookie: would be written down")).toBeVisible();
  expect(screen.getByLabelText(/^Address/)).toHaveAccessibleDescription(/has no host/);
  expect(screen.getByLabelText(/^Title/)).toHaveValue("Staging two");
});

test("somebody else's change is not overwritten", async () => {
  const fake = shop();
  using _page = renderPage("/environments", fake);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Edit live" }));
  await screen.findByRole("dialog");
  fake.environments.list = fake.environments.list.map((e) => ({ ...e, version: e.version + 1 }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("changed since this version");
  expect(fake.environments.list.find(({ name }) => name === "live")?.version).toBe(2);
});

test("a look says what was found, until the environment is another", async () => {
  const fake = shop();
  fake.environments.findings.push({
    subject: "secrets/token",
    level: "error",
    message: "neither is set",
  });
  using _page = renderPage("/environments", fake);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Check staging" }));
  const found = await screen.findByRole("region", { name: "What was found at staging" });
  expect(found).toHaveTextContent("Tests could not run here");
  expect(found).toHaveTextContent("Fault: Secret token neither is set");
  await user.click(screen.getByRole("button", { name: "Edit staging" }));
  await user.click(await screen.findByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("region", { name: /What was found/ })).toBeNull());
});

test("a removed environment can be brought back", async () => {
  const fake = shop();
  using _page = renderPage("/environments", fake);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Remove staging" }));
  await waitFor(() => expect(screen.queryByRole("heading", { name: "Staging" })).toBeNull());
  expect(fake.environments.list.map(({ name }) => name)).toEqual(["live"]);
  await user.click(await screen.findByRole("button", { name: "Undo" }));
  expect(await screen.findByRole("heading", { name: "Staging" })).toBeVisible();
  await waitFor(() => expect(screen.queryByRole("button", { name: "Undo" })).toBeNull());
  const put = sent(fake, "PUT")[0];
  expect(put?.body).toMatchObject({
    title: "Staging",
    allowedHosts: ["api.example", "*.cdn.example"],
  });
});
