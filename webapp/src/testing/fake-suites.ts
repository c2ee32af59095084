import type {
  CaseTrace,
  Citation,
  ReviewedCase,
  StaleItem,
  TestCases,
  Word,
} from "@/lib/suites-api";
import type { FakeServer } from "./fake-server";

/** Generated tests and test cases in memory. As FakeServer it does what it is told. */
export class FakeSuites {
  sets = new Map<string, TestCases>();
  /** What the cases of a set cite that has changed. */
  stale = new Map<string, StaleItem[]>();
  /** What stands behind cases. */
  traces = new Map<string, CaseTrace>();
  #server: FakeServer;

  constructor(server: FakeServer) {
    this.#server = server;
  }

  /** A suite of a recording that is written, with its code. */
  suite(id: string, recordingId: string, result: Record<string, unknown> = {}) {
    this.#server.submit({ kind: "suite.generate", input: { recordingId } as never }, id);
    this.#server.start(id);
    const spec = "tests/buy.spec.ts";
    this.#server.succeed(id, { recordingId, spec, learned: 2, ...result });
  }

  /** A set of cases that waits for its review. */
  set(id: string, recordingId: string, cases: Partial<ReviewedCase>[]): TestCases {
    this.#server.submit({ kind: "testcases.generate", input: { recordingId } as never }, id);
    this.#server.start(id);
    this.#server.succeed(id, { recordingId, cases: cases.length });
    const at = new Date(this.#server.clock).toISOString();
    const state: TestCases = {
      ...{ jobId: id, owner: "default", status: "complete", attempt: 1, untrusted: true },
      ...{ recordingId, recordingVersion: 3, name: "Buy", documents: 2, requirements: 9 },
      ...{ findings: [], uncovered: [], uncoveredOf: 0, version: 5, createdAt: at, updatedAt: at },
      cases: cases.map((each, i) => ({
        ...{ caseId: `tc-${i + 1}`, title: `Case ${i + 1}`, type: "positive", priority: "high" },
        ...{ standing: "proposed", proof: "manual" },
        steps: [{ stepId: "1", action: "Open /", expected: "The shop is there" }],
        ...each,
      })) as ReviewedCase[],
    };
    this.sets.set(id, state);
    return state;
  }

  /** Says something of a case, as the API does or as somebody else would. */
  say(id: string, caseId: string, change: Partial<ReviewedCase>): TestCases {
    const set = this.sets.get(id);
    if (!set) throw new Error(`no cases ${id}`);
    const cases = set.cases.map((each) => (each.caseId === caseId ? { ...each, ...change } : each));
    const next = { ...set, cases, version: set.version + 1 };
    this.sets.set(id, next);
    return next;
  }

  handle(request: Request, url: URL, body: unknown): Response {
    const [, , area, id = "", part, caseId = "", verb] = url.pathname.split("/");
    if (area === "suites" || id === "generate") {
      const kind = area === "suites" ? "suite.generate" : "testcases.generate";
      const { job } = this.#server.submit({ kind, input: body as never }, "made-1");
      const { jobId, status } = job;
      const cursor = this.#server.cursor();
      return Response.json({ jobId, status, version: 1, cursor }, { status: 202 });
    }
    const set = this.sets.get(id);
    if (!set) return refused(404, "not_found");
    if (part === "stale") {
      return Response.json({ untrusted: true, items: this.stale.get(id) ?? [] });
    }
    if (verb === "trace") return Response.json(this.traces.get(caseId));
    if (part === "regenerate") {
      const { cases } = body as { cases: string[] };
      const input = { recordingId: set.recordingId, base: id, only: cases };
      const { job } = this.#server.submit(
        { kind: "testcases.generate", input: input as never },
        "made-1",
      );
      const cursor = this.#server.cursor();
      return Response.json({ jobId: job.jobId, status: job.status, version: 1, cursor });
    }
    if (part === "export") {
      const headers = { "Content-Disposition": 'attachment; filename="Buy.md"' };
      return new Response("# Buy\n", { headers });
    }
    if (!verb) return Response.json(set);
    if (request.headers.get("If-Match") !== `"${set.version}"`) return refused(412, "conflict");
    const { by, reason } = body as Word;
    const { by: _by, reason: _reason, ...content } = body as Word & Partial<ReviewedCase>;
    const now = set.cases.find((each) => each.caseId === caseId);
    const what = { accept: "accepted", reject: "rejected", edit: "edited" }[verb] as "accepted";
    const history = [...(now?.history ?? []), { at: set.updatedAt, what, by, reason }];
    const more: Partial<ReviewedCase> = { standing: what, history };
    if (verb === "edit" && now) {
      Object.assign(more, content, { generated: now.generated ?? now });
      more.changes = [{ path: "title", before: now.title, after: content.title }];
    }
    return Response.json(this.say(id, caseId, more));
  }
}

/** A place in a document that says something. */
export function passage(quote: string, change: Partial<Citation> = {}): Citation {
  return {
    ...{ origin: "passage", quote, sourceId: "src-1", documentId: "doc-1", version: 1 },
    ...{ passageId: "p-1", title: "Rules", headings: ["Rules", "Cart"] },
    ...change,
  };
}

function refused(status: number, code: string): Response {
  return Response.json({ type: "about:blank", title: code, status, code }, { status });
}
