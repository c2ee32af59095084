import type {
  CitingCase,
  Coverage,
  Hit,
  KnownDocument,
  Passage,
  Source,
} from "@/lib/knowledge-api";

const notFound = () =>
  Response.json(
    { type: "about:blank", title: "Not Found", status: 404, code: "not_found" },
    { status: 404 },
  );

const at = "2026-03-01T09:00:00Z";

/** What is known, in memory: sources with documents of passages. */
export class FakeKnowledge {
  sources: Source[] = [];
  documents: KnownDocument[] = [];
  passages: Passage[] = [];
  /** The cases that cite a passage. */
  tests = new Map<string, CitingCase[]>();

  source(sourceId: string, change: Partial<Source> = {}): Source {
    const source: Source = {
      sourceId,
      project: "default",
      kind: "website",
      key: `https://${sourceId}.example/`,
      name: `https://${sourceId}.example/`,
      input: { url: `https://${sourceId}.example/` },
      createdAt: at,
      updatedAt: at,
      version: 1,
      documents: 0,
      run: {
        jobId: `job-${sourceId}`,
        attempt: 1,
        outcome: "complete",
        counts: { found: 3, stored: 2, unchanged: 0, skipped: 0, failed: 1, removed: 0 },
        startedAt: at,
        finishedAt: at,
      },
      ...change,
    };
    this.sources.push(source);
    return source;
  }

  document(source: Source, documentId: string, texts: string[]): KnownDocument {
    source.documents += 1;
    const url = `${source.key}${documentId}`;
    const document: KnownDocument = {
      documentId,
      sourceId: source.sourceId,
      project: source.project,
      key: url,
      url,
      title: `Page ${documentId}`,
      kind: "page",
      text: { sha256: "0".repeat(64), size: 100 },
      passages: texts.length,
      requirements: texts.filter((text) => text.includes("must")).length,
      hash: "h",
      jobId: "job",
      attempt: 1,
      createdAt: at,
      updatedAt: at,
      version: 1,
    };
    this.documents.push(document);
    for (const [i, text] of texts.entries()) {
      this.passages.push({
        passageId: `${documentId}-${i}`,
        kind: "paragraph",
        headings: ["Rules"],
        start: i * 100,
        end: i * 100 + text.length,
        text,
        requirement: text.includes("must") ? "must" : undefined,
        documentId,
        sourceId: source.sourceId,
        title: document.title,
        url,
      });
    }
    return document;
  }

  handle(request: Request, url: URL): Response {
    const [, , , area = "", id, part] = url.pathname.split("/");
    if (request.method === "DELETE") return this.#remove(id ?? "", url.searchParams.get("source"));
    const items = (list: unknown[]) => Response.json({ untrusted: true, items: list, cursor: "c" });
    switch (area) {
      case "search":
        return this.#search(url.searchParams);
      case "sources": {
        const found = this.sources.find(({ sourceId }) => sourceId === id);
        if (!id) return items(this.sources);
        if (part === "coverage") return this.#coverage(id);
        return found ? Response.json(found) : notFound();
      }
      case "passages":
        return items([]);
      case "documents": {
        const source = url.searchParams.get("source");
        if (!id) return items(this.documents.filter((d) => !source || d.sourceId === source));
        if (part === "passages") return items(this.passages.filter((p) => p.documentId === id));
        if (part === "relations") return items([]);
        if (part === "tests") return this.#tests(id);
        const document = this.documents.find((d) => d.documentId === id);
        return Response.json({ untrusted: true, document, versions: [] });
      }
    }
    throw new Error(`nothing at ${url.pathname}`);
  }

  /** With the tests of each, and how many demand something. */
  #cited(of: (p: Passage) => boolean) {
    const passages = this.passages
      .filter(of)
      .map((p) => ({ ...p, tests: this.tests.get(p.passageId) ?? [] }))
      .filter(({ requirement, tests }) => requirement || tests.length > 0);
    const demands = passages.filter(({ requirement }) => requirement);
    const open = demands.filter(({ tests }) => tests.length === 0);
    const coverage: Coverage = {
      requirements: demands.length,
      covered: demands.length - open.length,
      asserted: 0,
      uncovered: open.length,
    };
    return { passages, open, coverage };
  }

  #tests(id: string): Response {
    const { passages, coverage } = this.#cited(({ documentId }) => documentId === id);
    return Response.json({ untrusted: true, coverage, passages, gone: [] });
  }

  #coverage(id: string): Response {
    const { open, coverage } = this.#cited(({ sourceId }) => sourceId === id);
    const items = open.map(({ tests: _tests, ...passage }) => passage);
    return Response.json({ untrusted: true, ...coverage, items, cursor: "c" });
  }

  #search(query: URLSearchParams): Response {
    const words = (query.get("q") ?? "").toLowerCase();
    const type = query.get("type");
    const found = this.passages.filter(
      (p) => p.text.toLowerCase().includes(words) && (!type || p.requirement === type),
    );
    const hits: Hit[] = found.map((p) => ({
      ...p,
      documentKind: "page",
      score: 1,
      snippet: [{ text: p.text.slice(0, 4) }, { text: p.text.slice(4), match: true }],
    }));
    return Response.json({
      untrusted: true,
      items: hits,
      total: hits.length,
      tookMs: 1,
      cursor: "c",
    });
  }

  #remove(id: string, source: string | null): Response {
    const gone = (d: { documentId: string; sourceId: string }) =>
      source ? d.sourceId === source : d.documentId === id;
    const removed = this.documents.filter(gone).length;
    this.documents = this.documents.filter((d) => !gone(d));
    this.passages = this.passages.filter((p) => !gone(p));
    if (source) this.sources = this.sources.filter((s) => s.sourceId !== source);
    return Response.json(
      source ? { sourceId: source, removed } : { documentId: id, removed, version: 2 },
    );
  }
}
