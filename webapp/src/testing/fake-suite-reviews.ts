import type { SuiteEntry, SuiteReview } from "@/lib/suite-review-api";

/** Reviews of suites in memory, which answer as the API does. */
export class FakeSuiteReviews {
  reviews = new Map<string, SuiteReview>();
  texts = new Map<string, string[]>();

  /** A suite that was generated and waits for its review. */
  add(jobId: string, text: string, change: Partial<SuiteReview> = {}): SuiteReview {
    const at = "2026-11-28T12:00:00Z";
    const review: SuiteReview = {
      ...{ jobId, owner: "default", standing: "proposed", attempt: 1, recordingId: "r1" },
      ...{ recordingVersion: 3, name: "Buy", spec: "tests/buy.spec.ts", runs: 5, mutants: 200 },
      ...{ budgetSeconds: 120, createdAt: at, updatedAt: at, version: 1, proofs: [] },
      texts: [{ number: 1, sha256: text, size: text.length, at, generated: true }],
      history: [{ at, what: "proposed", by: "", text: 1 }],
      ...change,
    };
    this.reviews.set(jobId, review);
    this.texts.set(jobId, [text]);
    return review;
  }

  /** Says something of a suite, as the API does or as somebody else would. */
  say(jobId: string, what: SuiteEntry["what"], by: string, reason?: string, text?: string) {
    const old = this.reviews.get(jobId);
    if (!old) throw new Error(`no review ${jobId}`);
    const at = new Date(Date.parse(old.updatedAt) + 1000).toISOString();
    const texts = [...old.texts];
    if (text !== undefined) {
      this.texts.get(jobId)?.push(text);
      texts.push({ number: texts.length + 1, sha256: text, size: text.length, at, by });
    }
    const entry = { at, what, by, text: texts.length, ...(reason ? { reason } : {}) };
    const standing = what === "proposed" || what === "proof_begun" || what === "exported";
    const next: SuiteReview = {
      ...old,
      ...{ texts, updatedAt: at, version: old.version + 1, history: [...old.history, entry] },
      standing: standing ? old.standing : what,
    };
    this.reviews.set(jobId, next);
    return next;
  }

  handle(request: Request, url: URL, body: unknown): Response {
    const [, , , jobId = "", part = ""] = url.pathname.split("/");
    const review = this.reviews.get(jobId);
    if (!review) return refused(404, "not_found");
    const { by, reason, text, prove } = (body ?? {}) as Record<string, string>;
    const at = request.headers.get("If-Match");
    if (at && at !== `"${review.version}"`) return refused(412, "conflict");
    if (request.method === "GET") {
      if (part === "review") return Response.json(review);
      const number = Number(url.searchParams.get("number"));
      return new Response(this.texts.get(jobId)?.[number - 1] ?? "");
    }
    if (part === "text") {
      const next = this.say(jobId, "edited", by ?? "", reason, text);
      return Response.json(prove ? this.prove(jobId, by ?? "") : next);
    }
    if (part === "prove") return Response.json(this.prove(jobId, by ?? ""));
    const what = part === "accept" ? "accepted" : "rejected";
    return Response.json(this.say(jobId, what, by ?? "", reason));
  }

  private prove(jobId: string, by: string): SuiteReview {
    const next = this.say(jobId, "proof_begun", by);
    const proof = { at: next.updatedAt, by, text: next.texts.length, tests: 0, proven: 0 };
    const proofs = [...next.proofs, { proofId: `v${next.version}`, status: "queued", ...proof }];
    this.reviews.set(jobId, { ...next, proofs });
    return { ...next, proofs };
  }
}

function refused(status: number, code: string): Response {
  return Response.json({ type: "about:blank", title: code, status, code }, { status });
}
