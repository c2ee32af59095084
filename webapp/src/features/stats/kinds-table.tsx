import { Link } from "@tanstack/react-router";
import { Meter } from "@/components/meter";
import type { Stats } from "@/lib/api";
import { duration, integer } from "@/lib/time";

type KindStats = Stats["kinds"][number];

/** For each kind how many ended, how well, how long they took and how long they waited. */
export function KindsTable({ kinds }: { kinds: KindStats[] }) {
  return (
    <div className="scroll-thin relative overflow-x-auto rounded-lg border border-line bg-panel">
      <table className="w-full text-sm" aria-label="By kind">
        <thead>
          <tr className="[&>th]:h-8 [&>th]:px-3 [&>th]:text-right [&>th]:text-xs [&>th]:font-medium [&>th]:whitespace-nowrap [&>th]:text-ink-3">
            <th rowSpan={2} className="text-left!">
              Kind
            </th>
            <th rowSpan={2}>Ended</th>
            <th rowSpan={2} className="text-left!">
              Succeeded
            </th>
            <th rowSpan={2}>Retries</th>
            <th colSpan={3} className="border-l border-line text-center!">
              Duration
            </th>
            <th colSpan={2} className="border-l border-line text-center!">
              Wait
            </th>
          </tr>
          <tr className="[&>th]:h-7 [&>th]:px-3 [&>th]:text-right [&>th]:text-xs [&>th]:font-normal [&>th]:text-ink-3">
            <th className="border-l border-line">p50</th>
            <th>p95</th>
            <th>p99</th>
            <th className="border-l border-line">p50</th>
            <th>p95</th>
          </tr>
        </thead>
        <tbody>
          {kinds.map((kind) => (
            <tr
              key={kind.kind}
              className="[&>td]:border-t [&>td]:border-line [&>td]:px-3 [&>td]:py-2 [&>th]:border-t [&>th]:border-line [&>th]:px-3"
            >
              <th scope="row" className="text-left font-medium">
                <Link to="/jobs" search={{ kind: [kind.kind] }} className="hover:underline">
                  {kind.kind}
                </Link>
              </th>
              <td className="num text-right">{integer(kind.count)}</td>
              <td className="min-w-36">
                <Success kind={kind} />
              </td>
              <td className="num text-right">{integer(kind.retries)}</td>
              <Percentile value={kind.duration.p50} edge />
              <Percentile value={kind.duration.p95} />
              <Percentile value={kind.duration.p99} />
              <Percentile value={kind.wait.p50} edge />
              <Percentile value={kind.wait.p95} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Percentile({ value, edge = false }: { value: number | undefined; edge?: boolean }) {
  return (
    <td className={`num text-right whitespace-nowrap ${edge ? "border-l" : ""}`}>
      {value === undefined ? "–" : duration(value)}
    </td>
  );
}

function Success({ kind }: { kind: KindStats }) {
  if (kind.successRate === undefined) return <span className="text-ink-3">–</span>;
  const percent = kind.successRate * 100;
  return (
    <span className="flex items-center gap-2">
      <span className="num w-15 shrink-0 whitespace-nowrap">
        {percent.toFixed(percent === 100 ? 0 : percent > 99 ? 2 : 1)} %
      </span>
      <Meter part={kind.successRate} whole={1} className="bg-(--state-succeeded)" />
    </span>
  );
}
