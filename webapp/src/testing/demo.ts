import { populateRecordings, runSessions } from "./demo-recorder";
import { FakeStageSocket } from "./fake-recorder";
import { FakeServer, FakeSocket } from "./fake-server";

/**
 * A deck that is always playing: `npm run demo` shows the page without any server. Never part of a
 * build.
 */
const kinds = [
  "system.exercise",
  "system.ping",
  "recorder.session",
  "ingest.jira",
  "ingest.website",
  "generate.test_cases",
  "suite.run",
];
const errors = [
  {
    code: "timeout",
    message: "no heartbeat from the page for 30 s",
    detail: "goroutine 41 [select]:\nmain.run(0xc000)\n\trecorder/session.go:214",
  },
  {
    code: "exit",
    message:
      "playwright ended with status 1: expect(locator).toBeVisible() failed, waiting for getByRole('button', { name: 'Place order' })",
  },
  { code: "input", message: "issue PAY-4127 cannot be read: 403" },
];
const labels = [
  { env: "staging", team: "payments" },
  { env: "production" },
  {},
  {
    suite: "checkout-regression-with-a-rather-long-name",
    browser: "chromium",
    env: "staging",
    owner: "mira",
  },
];
const ESC = "\u001b";

function pick<T>(list: T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}

export function populate(server: FakeServer, count: number) {
  const now = Date.now();
  server.clock = now - count * 4000;
  for (let i = 0; i < count; i++) {
    server.clock += 4000 * Math.random() * 2;
    if (server.clock > now) server.clock = now;
    const { job } = server.submit({
      kind: pick(kinds),
      labels: pick(labels) as Record<string, string>,
      priority: pick(["normal", "normal", "normal", "high", "low"]),
      project: pick(["default", "default", "checkout"]),
      input: { lines: 200, url: "https://shop.example/cart", steps: ["open", "add", "pay"] },
    });
    if (i > count - 12) continue;
    const clock = server.clock;
    play(server, job.jobId, i > count - 26);
    server.clock = clock;
  }
  server.clock = now;
}

function play(server: FakeServer, id: string, unfinished: boolean) {
  server.clock += Math.random() * 3000;
  server.start(id);
  server.logLines(id, [
    "opening https://shop.example/cart",
    `${ESC}[32m✓${ESC}[0m page loaded in ${ESC}[1m412 ms${ESC}[0m`,
  ]);
  server.clock += Math.random() * 20_000;
  const fate = Math.random();
  if (unfinished) {
    server.progress(id, Math.round(Math.random() * 90), "clicking through the basket");
    return;
  }
  if (fate < 0.12) {
    server.logLines(id, [`${ESC}[31merror${ESC}[0m button never appeared`], "error");
    server.fail(id, pick(errors), 4000);
    server.clock += 4000;
    server.record(id, "job.queued", { reason: "retry_due" }, { status: "queued" });
    server.clock += 300;
    server.start(id);
    server.logLines(id, ["trying again"]);
    server.clock += 9000;
    if (fate < 0.05) server.fail(id, pick(errors));
    else server.succeed(id);
  } else if (fate < 0.16) {
    server.record(
      id,
      "job.cancelled",
      { reason: "not needed" },
      { status: "cancelled", finishedAt: new Date(server.clock).toISOString() },
    );
  } else {
    server.artifact(id, "report/index.html", 48_213, "text/html");
    server.artifact(id, "screenshot.png", 37_114, "image/png");
    server.succeed(id, { passed: 14, failed: 0 });
  }
}

/** Lets things happen: `rate` events a second. */
function run(server: FakeServer, rate: number) {
  setInterval(() => {
    server.clock = Date.now();
    for (let n = 0; n < rate / 10 || Math.random() < rate / 10 - n; n++) step(server);
  }, 100);
}

function step(server: FakeServer) {
  const active = [...server.tapes.values()]
    .map((tape) => tape.job)
    .filter((job) => job.kind !== "recorder.record")
    .slice(-200);
  const job = pick(active);
  if (job.status === "queued") server.start(job.jobId);
  else if (job.status === "running") {
    const percent = Math.min(100, (job.progress?.percent ?? 0) + Math.random() * 12);
    if (percent >= 100) server.succeed(job.jobId);
    else if (Math.random() < 0.02) server.fail(job.jobId, pick(errors), 5000);
    else {
      server.logLines(job.jobId, [`step ${Math.round(percent)} ${ESC}[36mGET${ESC}[0m /cart 200`]);
      server.progress(job.jobId, percent, "clicking through the basket");
    }
  } else if (job.status === "retrying" && Math.random() < 0.2) {
    server.record(job.jobId, "job.queued", { reason: "retry_due" }, { status: "queued" });
  } else if (Math.random() < 0.2) {
    server.submit({ kind: pick(kinds), labels: pick(labels) as Record<string, string> });
  }
}

export function installDemo() {
  const server = new FakeServer();
  const options = new URLSearchParams(window.location.search);
  populate(server, Number(options.get("demoJobs") ?? 400));
  const long = server.submit(
    { kind: "system.exercise", labels: { demo: "long-log" } },
    "01jdlonglog",
  );
  server.start(long.job.jobId);
  for (let i = 0; i < 20; i++) {
    server.logLines(
      long.job.jobId,
      Array.from(
        { length: 500 },
        (_, n) => `line ${i * 500 + n + 1} of a long log, ${ESC}[33mwarm${ESC}[0m and plain`,
      ),
    );
  }
  if (options.get("demoJobs") !== "0") {
    populateRecordings(server);
    run(server, Number(options.get("demoRate") ?? 20));
  }
  runSessions(server);
  if (options.get("demoJobs") === "0") server.tapes.clear();
  globalThis.fetch = async (input, init) => server.handle(new Request(input, init));
  Object.assign(window, {
    demo: server,
    WebSocket: Object.assign(
      function Socket(url: string) {
        if (url.includes("/api/recorder/")) return new FakeStageSocket(server.recorder);
        return new FakeSocket(server);
      },
      { OPEN: 1 },
    ),
  });
}
