import { useQuery } from "@tanstack/react-query";
import { keys } from "@/features/live/keys";
import { explain } from "@/lib/api";
import { type Drift, type NetworkReport, proofs, type Served } from "@/lib/proof-api";
import { duration, integer } from "@/lib/time";

/** So many of a run's answers are listed; the file has them all. */
const LISTED = 300;

/** What a run asked the twin for, and what of it did not fit the recording. */
export function Network({ jobId, name }: { jobId: string; name: string }) {
  const report = useQuery({
    queryKey: keys.evidence(jobId, name),
    queryFn: ({ signal }) => proofs.read<NetworkReport>(jobId, name, signal),
    gcTime: 300_000,
  });
  if (report.isError) {
    return (
      <p role="alert" className="text-sm text-danger">
        What it asked for cannot be read. {explain(report.error)}
      </p>
    );
  }
  if (report.isPending) return <p className="text-sm text-ink-3">Reading what it asked for…</p>;
  if (!report.data) {
    return <p className="text-sm text-ink-3">What it asked for is not there any more.</p>;
  }
  const { drift, notes = [], served, writes, written } = report.data;
  return (
    <>
      <div>
        <h3 className="mb-1 text-sm font-semibold">
          Not as recorded <span className="num font-normal text-ink-3">{drift.length}</span>
        </h3>
        {drift.length === 0 ? (
          <p className="text-sm text-ink-2">All that it asked for was as recorded.</p>
        ) : (
          <DriftTable drift={drift} />
        )}
      </div>
      {notes.map((note) => (
        <p key={note} className="text-sm text-ink-2">
          {note}
        </p>
      ))}
      <details>
        <summary className="text-sm font-semibold">
          Answers{" "}
          <span className="num font-normal text-ink-3">
            {integer(served.length)}, {written} of {writes} recorded writes were sent
          </span>
        </summary>
        <ServedTable served={served.slice(0, LISTED)} />
        {served.length > LISTED && (
          <p className="mt-1 text-xs text-ink-3">
            The first {LISTED} of {integer(served.length)}
          </p>
        )}
      </details>
    </>
  );
}

const table =
  "w-full border-separate border-spacing-0 text-xs [&_td]:border-b [&_td]:border-line [&_td]:px-1.5 [&_td]:py-1 [&_td]:align-top [&_th]:border-b [&_th]:border-line [&_th]:px-1.5 [&_th]:py-1 [&_th]:text-left [&_th]:font-medium [&_th]:text-ink-3";

function DriftTable({ drift }: { drift: Drift[] }) {
  return (
    <table aria-label="Drift" className={table}>
      <thead>
        <tr>
          <th>Kind</th>
          <th>Request</th>
        </tr>
      </thead>
      <tbody>
        {drift.map(({ kind, method, url, detail, differences = [] }, i) => (
          <tr key={i}>
            <td className="font-semibold text-danger">{kind}</td>
            <td className="wrap-anywhere">
              <p className="font-mono">
                {method} {url}
              </p>
              {detail && <p className="text-ink-2">{detail}</p>}
              {differences.map(({ path, recorded = "", sent = "" }) => (
                <p key={path} className="font-mono">
                  {path}: <del className="bg-diff-del no-underline">{recorded || "–"}</del>{" "}
                  <ins className="bg-diff-add no-underline">{sent || "–"}</ins>
                </p>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ServedTable({ served }: { served: Served[] }) {
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
      tabIndex={0}
      aria-label="Answers"
      className="scroll-thin mt-1 max-h-72 overflow-auto"
    >
      <table aria-label="Answers" className={table}>
        <thead>
          <tr>
            <th className="text-right!">At</th>
            <th>Status</th>
            <th>Request</th>
            <th className="text-right!">Recorded as</th>
          </tr>
        </thead>
        <tbody>
          {served.map(({ offsetMs, method, url, entry, status }, i) => (
            <tr key={i}>
              <td className="num text-right whitespace-nowrap text-ink-2">{duration(offsetMs)}</td>
              <td className={status >= 400 ? "num text-danger" : "num"}>{status}</td>
              <td className="font-mono wrap-anywhere">
                {method} {url}
              </td>
              <td className="num text-right">{entry ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
