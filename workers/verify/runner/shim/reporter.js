// Tells the host what Playwright Test says of the project and of each run.
const path = require("node:path");
const { post, plain } = require("./host.js");
const { bare, declared, repetition } = require("./repeat.js");

class Reporter {
  constructor() {
    this.said = Promise.resolve();
    this.root = process.env.TAPEDECK_PROJECT;
  }

  say(path, body) {
    this.said = this.said.then(() => post(path, body)).catch(() => {});
  }

  describe(test) {
    const titles = [];
    for (let s = test; s && s.type !== "project" && s.type !== "root"; s = s.parent) {
      if (s.title && s.type !== "file") titles.unshift(s.title);
    }
    return {
      ...declared(test.annotations), titles: titles.map(bare), project: test.parent.project()?.name ?? "", repeat: repetition(titles), tags: test.tags,
    };
  }

  onBegin(config, suite) {
    this.say("/tests", { tests: suite.allTests().map((t) => this.describe(t)) });
  }

  onTestEnd(test, result) {
    this.say("/result", {
      test: this.describe(test), status: result.status, durationMs: result.duration, worker: result.workerIndex,
      errors: result.errors.slice(0, 5).map((e) => ({
        message: plain(e.message ?? e.value), file: e.location ? path.relative(this.root, e.location.file) : "", line: e.location?.line ?? 0,
      })),
      attachments: result.attachments.filter((a) => a.path).map((a) => ({ name: a.name, path: a.path, contentType: a.contentType })),
    });
  }

  onError(error) {
    this.say("/error", {
      message: plain(error.message ?? error.value), file: error.location ? path.relative(this.root, error.location.file) : "", line: error.location?.line ?? 0,
    });
  }

  async onEnd(result) {
    this.say("/end", { status: result.status });
    await this.said;
  }

  printsToStdio() {
    return false;
  }
}

module.exports = Reporter;
