// Runs a flow in plain Playwright with the captures that a recording has: a
// picture and the document after each step, trace, HAR with bodies, video and
// console. Each line on stdin is one run; its answer is a JSON line.
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const { driver, chromium: executablePath, args, sandbox, steps } = JSON.parse(process.argv[2]);
const { chromium } = createRequire(import.meta.url)(join(driver, "package", "index.js"));
const size = { width: 1280, height: 800 };

const act = {
  navigate: (page, step) => page.goto(step.url),
  click: (page, step) => at(page, step).click(),
  fill: (page, step) => at(page, step).fill(step.value.text),
  check: (page, step) => at(page, step).check(),
  select: (page, step) => at(page, step).selectOption(step.values.map((value) => value.text)),
  assert: (page, step) => at(page, step).filter({ hasText: step.assertion.expected }).waitFor(),
};
const at = (page, step) => page.locator(step.target.candidates[0].selector);

async function run(browser) {
  const dir = await mkdtemp(join(tmpdir(), "bench-plain-"));
  const start = performance.now();
  const context = await browser.newContext({
    viewport: size,
    recordVideo: { dir, size },
    recordHar: { path: join(dir, "network.har"), content: "embed" },
  });
  await context.tracing.start({ snapshots: true, screenshots: false });
  const lines = [];
  context.on("console", (message) => lines.push({ level: message.type(), text: message.text() }));
  const page = await context.newPage();
  for (const step of steps) {
    await act[step.type](page, step);
    await page.screenshot({ path: join(dir, `${step.id}.jpeg`), type: "jpeg", quality: 80, scale: "css" });
    await writeFile(join(dir, `${step.id}.html`), await page.content());
  }
  await context.tracing.stop({ path: join(dir, "trace.zip") });
  const video = page.video();
  await context.close(); // writes the HAR, ends the video
  await writeFile(join(dir, "console.ndjson"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await stat(await video.path());
  const ms = performance.now() - start;
  await rm(dir, { recursive: true });
  return { ms };
}

const browser = await chromium.launch({ executablePath, args, chromiumSandbox: sandbox });
console.log(JSON.stringify({ ready: true }));
for await (const _ of createInterface({ input: process.stdin })) console.log(JSON.stringify(await run(browser)));
await browser.close();
