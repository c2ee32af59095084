import type { Box, Candidate, Step } from "@/lib/recording";
import { type FakeStageSocket, frameOf } from "./fake-recorder";
import type { FakeServer } from "./fake-server";
import { picture, places, type Scene } from "./pictures";

/** Recordings of a shop, and a session that goes on by itself: the recorder's part of the demo. */
interface Act {
  scene: Scene;
  step: Step;
}

const shopURL = "https://nordlicht.example";
const paths: Record<Scene, string> = {
  shop: "/jackets",
  product: "/jackets/skerry",
  cart: "/cart",
  login: "/login",
  checkout: "/checkout",
  paid: "/orders/48213",
};
const titles: Record<Scene, string> = {
  shop: "Rain jackets – Nordlicht",
  product: "Skerry jacket – Nordlicht",
  cart: "Your cart – Nordlicht",
  login: "Sign in – Nordlicht",
  checkout: "Pay – Nordlicht",
  paid: "Thank you – Nordlicht",
};

function waysTo(role: string, name: string, id?: string): Candidate[] {
  const tag = role === "button" ? "button" : role === "link" ? "a" : "input";
  return [
    ...(id
      ? [
          {
            by: "testid",
            selector: `internal:testid=[data-testid="${id}"s]`,
            locator: `getByTestId('${id}')`,
            matches: 1,
          },
        ]
      : []),
    {
      by: "role",
      selector: `internal:role=${role}[name="${name}"i]`,
      locator: `getByRole('${role}', { name: '${name}' })`,
      matches: id ? 1 : role === "link" ? 2 : 1,
    },
    {
      by: "text",
      selector: `internal:text="${name}"i`,
      locator: `getByText('${name}')`,
      matches: 3,
    },
    { by: "css", selector: `main ${tag}.${name.split(" ")[0]?.toLowerCase()}`, matches: 1 },
    { by: "xpath", selector: `//main/div[2]/${tag}[1]`, matches: 1 },
  ];
}

function act(
  n: number,
  scene: Scene,
  type: Step["type"],
  title: string,
  more: Partial<Step> & {
    at?: keyof typeof places;
    role?: string;
    name?: string;
    id?: string;
  } = {},
): Act {
  const { at, role, name, id, ...rest } = more;
  const target =
    role && name
      ? {
          candidates: waysTo(role, name, id),
          element: {
            ...{ tag: role === "button" ? "button" : role === "link" ? "a" : "input", role, name },
            attributes: { class: "nl-control", ...(id ? { "data-testid": id } : {}) },
          },
        }
      : undefined;
  const step: Step = {
    id: `s${n}`,
    type,
    title,
    page: "page",
    ...(target ? { target } : {}),
    by: "person",
    evidence: {
      ...(at ? { box: places[at] as Box } : {}),
      viewport: { width: 1280, height: 800 },
      url: shopURL + paths[scene],
      title: titles[scene],
      aria: '- main:\n  - heading "Your cart" [level=1]\n  - text: Skerry jacket, M\n  - button "To checkout"',
      screenshot: `screenshots/${scene}-s${n}.png`,
      dom: `dom/s${n}.html`,
      requests: requestsOf(n, scene),
      console: n === 7 ? [{ level: "warning", text: "Cookie “nl_ab” has no SameSite" }] : [],
      offsetMs: n * 3100 + (n % 3) * 800,
      durationMs: 120 + n * 37,
    },
    ...rest,
  };
  return { scene, step };
}

function requestsOf(n: number, scene: Scene) {
  return [0, 1, 2].map((i) => ({
    entry: n * 3 + i,
    method: i === 2 ? "POST" : "GET",
    url: `${shopURL}${["/assets/app-4f1c.js", `/api${paths[scene]}`, "/api/events"][i]}`,
    status: n === 9 && i === 1 ? 422 : 200,
    type: i === 0 ? "script" : "empty",
  }));
}

export const acts: Act[] = [
  act(1, "shop", "navigate", `Go to ${shopURL}/jackets`, { url: `${shopURL}/jackets` }),
  act(2, "shop", "fill", "Fill “Search” with “rain jacket”", {
    ...{ at: "search", role: "searchbox", name: "Search" },
    value: { text: "rain jacket", variable: "query" },
  }),
  act(3, "shop", "click", "Click link “Skerry jacket”", {
    ...{ at: "card", role: "link", name: "Skerry jacket" },
  }),
  act(4, "product", "select", "Select “M” in “Size”", {
    ...{ at: "size", role: "combobox", name: "Size" },
    values: [{ text: "M" }],
  }),
  act(5, "product", "click", "Click button “Add to cart”", {
    ...{ at: "add", role: "button", name: "Add to cart", id: "add-to-cart" },
  }),
  act(6, "cart", "assert", "Summary has text containing “153,90 €”", {
    ...{ at: "toCheckout", role: "region", name: "Summary" },
    assertion: { claim: "text", expected: "153,90 €", match: "contains" },
  }),
  act(7, "cart", "click", "Click button “To checkout”", {
    ...{ at: "toCheckout", role: "button", name: "To checkout", id: "to-checkout" },
  }),
  act(8, "login", "fill", "Fill “E-mail”", {
    ...{ at: "email", role: "textbox", name: "E-mail" },
    value: { text: "mira@example.com", variable: "email" },
  }),
  act(9, "login", "fill", "Fill “Password”", {
    ...{ at: "password", role: "textbox", name: "Password" },
    value: { text: "⟨shop_password⟩", secret: "shop_password" },
    note: "The account of the staging shop; its password changes weekly.",
  }),
  act(10, "login", "press", "Press Enter in “Password”", {
    ...{ at: "password", role: "textbox", name: "Password" },
    key: "Enter",
  }),
  act(11, "checkout", "check", "Check “I have read the terms”", {
    ...{ at: "terms", role: "checkbox", name: "I have read the terms", id: "terms" },
  }),
  act(12, "checkout", "click", "Click button “Place the order”", {
    ...{ at: "pay", role: "button", name: "Place the order", id: "pay" },
  }),
  act(13, "paid", "assert", "Heading “Order 48213 is placed” is visible", {
    ...{ at: "order", role: "heading", name: "Order 48213 is placed" },
    assertion: { claim: "visible", suggested: true },
  }),
];

const library = [
  ["Checkout as a guest", "shop/checkout", "paid", 13],
  ["Sign in and out", "shop/account", "login", 6],
  [
    "Change the delivery address of an order that is already on its way",
    "shop/account",
    "checkout",
    21,
  ],
  ["Search for a rain jacket", "shop", "shop", 4],
  ["Cart keeps its pieces over night", "shop/checkout", "cart", 11],
  ["Sizes that are sold out", "shop", "product", 7],
  ["Newsletter, double opt-in", "marketing", "shop", 9],
  ["Pay by invoice", "shop/checkout", "checkout", 17],
] as const;

export function populateRecordings(server: FakeServer) {
  const { recorder } = server;
  const now = server.clock;
  for (const [i, [name, folder, scene, count]] of library.entries()) {
    const id = i === 0 ? "demo-checkout" : `demo-rec-${i}`;
    server.clock = now - (library.length - i) * 7_300_000;
    recorder.session(id, {
      ...{ name, folder, url: shopURL + paths[scene], mode: "interactive" },
      variables: i === 0 ? [{ name: "query" }, { name: "email", unique: true }] : undefined,
      secrets: i === 0 ? [{ name: "shop_password" }] : undefined,
    });
    for (let n = 0; n < count; n++) {
      server.clock += 3100;
      const found = acts[n % acts.length] as Act;
      recorder.step(id, n < acts.length ? found.step : { ...found.step, id: `s${n + 1}` });
    }
    recorder.finish(id, {
      ...{ outcome: i === 5 ? "failed" : "complete", durationMs: count * 3400 },
      reason: i === 5 ? "The page crashed while it was driven." : undefined,
      thumbnail: `screenshots/${scene}.png`,
      masked: i === 0 ? { password: 1, cookie: 14, authorization: 3 } : undefined,
    });
    server.succeed(id);
    if (i === 0) {
      for (const name of ["recording.json", "network.har", "trace.zip"]) {
        server.artifact(id, name, 40_000 + name.length * 9100, "application/json");
      }
    }
  }
  recorder.append("demo-checkout", "recording.renamed", { name: "Checkout, signed in" });
  server.clock = now;
  recorder.files.set("film/index.json", filmIndex());
  recorder.files.set("network.har", harText(now));
  recorder.files.set("console.ndjson", consoleText());
  server.submit({ kind: "recorder.record", input: {} }, "demo-waiting");
  server.submit({ kind: "recorder.record", input: {} }, "demo-failed");
  server.start("demo-failed");
  server.fail("demo-failed", {
    code: "navigation",
    message: "https://nordlicht.example cannot be reached: the name is not known",
  });
  recorder.session("demo-live", { name: "Checkout as a guest", url: `${shopURL}/jackets` });
  for (const { step } of acts.slice(0, 4)) recorder.step("demo-live", step);
}

function filmIndex(): string {
  return JSON.stringify(
    acts.flatMap(({ scene, step }, i) =>
      [0, 1, 2].map((k) => ({
        file: `${String(i * 3 + k + 1).padStart(6, "0")}-${scene}.jpg`,
        offsetMs: (step.evidence?.offsetMs ?? 0) + k * 900,
        page: "page",
      })),
    ),
  );
}

function harText(now: number): string {
  const entries = acts.flatMap(({ step }) =>
    (step.evidence?.requests ?? []).map((request, i) => ({
      startedDateTime: new Date(now + (step.evidence?.offsetMs ?? 0) + i * 40).toISOString(),
      time: 18 + ((request.entry * 53) % 400),
      request: {
        method: request.method,
        url: request.url,
        headers: [
          { name: "accept", value: "application/json" },
          { name: "authorization", value: "Bearer ⟨token-1⟩" },
        ],
      },
      response: {
        status: request.status,
        statusText: request.status === 200 ? "OK" : "Unprocessable Content",
        headers: [
          { name: "content-type", value: "application/json; charset=utf-8" },
          { name: "set-cookie", value: "nl_session=⟨cookie-1⟩; HttpOnly; Secure" },
        ],
        content: {
          size: 420 + request.entry * 311,
          mimeType: request.type === "script" ? "text/javascript" : "application/json",
          text: '{"cart":{"id":"c-118","items":[{"sku":"skerry-m","price":14900}],"total":15390}}',
        },
      },
      _resourceType: request.type === "script" ? "script" : "fetch",
    })),
  );
  return JSON.stringify({ log: { version: "1.2", entries } });
}

function consoleText(): string {
  const lines = [
    ["info", "nordlicht 4.1.0, built for staging"],
    ["log", "cart: restored from session c-118"],
    ["warning", "Cookie “nl_ab” has no SameSite attribute"],
    ["error", "POST /api/checkout 422 (Unprocessable Content)"],
    ["debug", "feature flags: express_pay=off, invoice=on"],
  ];
  return Array.from({ length: 40 }, (_, i) => {
    const [level, text] = lines[i % lines.length] as string[];
    return JSON.stringify({ level, text, offsetMs: i * 1050 });
  }).join("\n");
}

/** Starts sessions that were asked for, and plays the shop in whatever session is looked at. */
export function runSessions(server: FakeServer) {
  const { recorder } = server;
  setInterval(() => {
    for (const { job } of server.tapes.values()) {
      if (job.kind !== "recorder.record" || job.jobId.startsWith("demo-")) continue;
      if (job.status === "queued" && Date.now() - Date.parse(job.createdAt) > 1500) {
        server.start(job.jobId);
        recorder.begin(job.jobId, job.input as { url?: string });
      }
      if (job.status === "stopping") {
        recorder.finish(job.jobId, { thumbnail: "screenshots/paid.png" });
        server.succeed(job.jobId);
      }
    }
  }, 500);
  recorder.greet = (socket) => playOn(server, socket);
}

function playOn(server: FakeServer, socket: FakeStageSocket) {
  const running = [...server.tapes.values()].findLast(
    ({ job }) => job.kind === "recorder.record" && job.status === "running",
  );
  const id = running?.job.jobId ?? "demo-live";
  const began = Date.now();
  const at = { n: server.recorder.reels.get(id)?.state.steps.length ?? 0, x: 640, y: 400 };
  let paused = false;
  let picking = false;
  let url: string | null = null;
  let acked = true;
  let number = 0;
  const current = () => acts[at.n % acts.length] as Act;
  const state = () => {
    const { scene } = current();
    const page = { url: url ?? shopURL + paths[scene], title: titles[scene] };
    socket.state({
      pages: [
        { page: "page", ...page, canGoBack: at.n > 1, canGoForward: false },
        { page: "page2", url: `${shopURL}/terms`, title: "Terms", canGoBack: false },
      ],
      ...{ paused, viewers: 2, elapsedMs: 12_000 + Date.now() - began, mode: "interactive" },
    });
  };
  socket.hello();
  state();
  socket.onCommand = (command) => {
    if (command.op === "ack") acked = true;
    if (command.op === "pause" || command.op === "resume") paused = command.op === "pause";
    if (command.op === "navigate") url = command.url;
    if (command.op === "pick") picking = command.mode !== "off";
    if (command.op === "mouse") Object.assign(at, { x: command.x, y: command.y });
    if (command.op === "mouse" && picking) pick(socket, current(), command.type === "down");
    if (command.op === "assert") {
      const { op: _op, pickId: _pick, ...assertion } = command;
      const step = { ...current().step, id: `a${Date.now()}`, title: undefined };
      server.recorder.step(id, { ...step, type: "assert", assertion });
    }
    if (["pause", "resume", "navigate"].includes(command.op)) state();
  };
  setInterval(() => {
    if (!acked || socket.readyState !== 1) return;
    acked = false;
    void paint(current().scene, at).then((jpeg) =>
      socket.deliver(frameOf(jpeg, { number: ++number })),
    );
  }, 120);
  setInterval(() => {
    if (paused || picking || socket.readyState !== 1 || at.n >= acts.length) return;
    server.clock = Date.now();
    const { step } = current();
    const box = step.evidence?.box;
    if (box) Object.assign(at, { x: box.x + box.width / 2, y: box.y + box.height / 2 });
    server.recorder.step(id, { ...step, id: `${step.id}-${at.n}` });
    at.n++;
    state();
    if (step.id === "s12") socket.deliver(suggestion());
  }, 2600);
}

function pick(socket: FakeStageSocket, { step }: Act, chosen: boolean) {
  const { target, evidence } = step;
  const box = evidence?.box ?? { x: 52, y: 110, width: 400, height: 60 };
  const label = target?.candidates[0]?.locator ?? "main";
  if (!chosen) return socket.deliver({ op: "highlight", box, label });
  socket.deliver({
    ...{ op: "picked", pickId: `p${Date.now()}`, label, target, box },
    suggestions: [
      { claim: "visible" },
      { claim: "text", expected: target?.element?.name ?? "Rain jackets", match: "contains" },
      { claim: "enabled" },
    ],
  });
}

function suggestion() {
  return {
    op: "suggested",
    target: acts.at(-1)?.step.target,
    assertion: { claim: "visible", suggested: true },
    label: "Heading “Order 48213 is placed” is visible",
  };
}

async function paint(scene: Scene, pointer: { x: number; y: number }): Promise<Uint8Array> {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(picture(scene, pointer))}`;
  await image.decode();
  const canvas = new OffscreenCanvas(1280, 800);
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.7 });
  return new Uint8Array(await blob.arrayBuffer());
}
