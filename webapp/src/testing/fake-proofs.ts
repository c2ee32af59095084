import type { Judgement, Mutant, Proof, ProofRun } from "@/lib/proof-api";
import { applyProofEvents } from "@/lib/proof-fold";
import type { FakeServer } from "./fake-server";

/** Verifications in memory. As FakeServer it does what it is told, with the rules left out. */
export class FakeProofs {
  states = new Map<string, Proof>();
  #server: FakeServer;

  constructor(server: FakeServer) {
    this.#server = server;
  }

  /** A job that runs, as yet without a proof. */
  job(id: string) {
    this.#server.submit({ kind: "suite.verify", input: {} }, id);
    this.#server.start(id);
  }

  begin(id: string, tests: Proof["tests"], runs: number) {
    const data = {
      ...{ attempt: 1, name: "Shop tests", project: "0".repeat(64), mode: "twin" as const },
      recordings: [{ recordingId: "r1", version: 3, name: "Buy", exchanges: 20, writes: 2 }],
      ...{ tests, runs, seed: 1 },
    };
    const { time } = this.#server.emit(id, `proof/${id}`, "proof.started", data, 1);
    this.states.set(id, {
      ...data,
      ...{ proofId: id, owner: "default", status: "running", version: 1 },
      ...{ done: [], mutants: [], mutantsOf: 0, judgements: [], verdicts: [] },
      ...{ createdAt: time, updatedAt: time },
    });
  }

  ran(id: string, ...runs: (Pick<ProofRun, "test" | "index" | "outcome"> & Partial<ProofRun>)[]) {
    const list = runs.map((run) => ({
      ...{ key: `stability/${run.index}/${run.test}`, purpose: "stability", durationMs: 900 },
      conditions: { seed: 100 + run.index, latencyMs: 250, cpu: 4, workers: 2 },
      ...run,
    }));
    this.#append(id, "proof.ran", { runs: list });
  }

  chose(id: string, mutants: Mutant[]) {
    this.#append(id, "proof.mutants_chosen", { recordingId: "r1", mutants, of: 500 });
  }

  judged(
    id: string,
    ...list: (Pick<Judgement, "test" | "mutant" | "fate"> & Partial<Judgement>)[]
  ) {
    const judgements = list.map((judgement) => ({
      ...{ applied: true, visible: judgement.fate !== "no_effect", durationMs: 700 },
      ...judgement,
    }));
    this.#append(id, "proof.judged", { judgements });
  }

  /** Something that is not folded: whoever looks asks again. */
  tell(id: string, type: string, change: Partial<Proof>) {
    const state = this.states.get(id);
    if (!state) throw new Error(`no proof ${id}`);
    const version = state.version + 1;
    this.states.set(id, { ...state, ...change, version });
    this.#server.emit(id, `proof/${id}`, type, {}, version);
  }

  finish(id: string, outcome: Proof["status"], more: Partial<Proof> = {}) {
    this.#append(id, "proof.finished", { outcome, verdicts: [], durationMs: 61_000, ...more });
  }

  #append(id: string, type: string, data: Record<string, unknown>) {
    const state = this.states.get(id);
    if (!state) throw new Error(`no proof ${id}`);
    const event = this.#server.emit(id, `proof/${id}`, type, data, state.version + 1);
    this.states.set(id, applyProofEvents(state, [event]).proof);
  }

  handle(url: URL): Response {
    const [, , , id, part] = url.pathname.split("/");
    if (id === "verify") {
      const { job } = this.#server.submit({ kind: "suite.verify", input: {} }, "verify-1");
      const { jobId, status } = job;
      return Response.json(
        { jobId, status, version: 1, cursor: this.#server.cursor() },
        { status: 202 },
      );
    }
    const state = part === "proof" && this.states.get(id as string);
    if (state) return Response.json(state);
    const problem = { type: "about:blank", title: "Not Found", status: 404, code: "not_found" };
    return Response.json(problem, { status: 404 });
  }
}
