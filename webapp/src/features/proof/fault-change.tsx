import { useQuery } from "@tanstack/react-query";
import { DiffView } from "@/components/diff-view";
import { keys } from "@/features/live/keys";
import { explain } from "@/lib/api";
import { type FaultChange, type Judgement, proofs } from "@/lib/proof-api";

/** What a fault changed in what the test saw. A round of faults shares one file, written at its end. */
export function FaultChanges({
  jobId,
  name,
  judgement,
}: {
  jobId: string;
  name: string;
  judgement: Judgement;
}) {
  const file = useQuery({
    queryKey: keys.evidence(jobId, name),
    queryFn: ({ signal }) => proofs.read<FaultChange[]>(jobId, name, signal),
    gcTime: 300_000,
    refetchInterval: ({ state }) =>
      state.data === null && state.dataUpdateCount < 60 ? 3000 : false,
  });
  if (file.isError) {
    return (
      <p role="alert" className="text-sm text-danger">
        What it changed cannot be read. {explain(file.error)}
      </p>
    );
  }
  if (file.isPending) return <p className="text-sm text-ink-3">Reading what it changed…</p>;
  const found = file.data?.find(
    ({ test, mutant }) => test === judgement.test && mutant === judgement.mutant,
  );
  if (!found) {
    return (
      <p className="text-sm text-ink-3">
        {file.data
          ? "What it changed was not kept."
          : "What it changed is written when this round of faults ends."}
      </p>
    );
  }
  return found.parts.map((part) => (
    <section key={part.what} aria-label={nameOf(part)}>
      <h3 className="mb-1 text-sm font-semibold">{nameOf(part)}</h3>
      <div className="scroll-thin max-h-96 overflow-auto rounded-md border border-line bg-panel py-1">
        <DiffView before={part.before} after={part.now} />
      </div>
    </section>
  ));
}

function nameOf({ what, after }: FaultChange["parts"][number]): string {
  if (what === "requests") return "Requests, without and with the fault";
  return after
    ? `The page after assertion ${after}, without and with the fault`
    : "The page at the end, without and with the fault";
}
