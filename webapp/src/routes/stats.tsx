import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useSearch } from "@tanstack/react-router";
import { clsx } from "clsx";
import { ChartLine } from "lucide-react";
import { lazy, Suspense } from "react";
import { Fault, Notice } from "@/components/fault";
import { PageHead } from "@/components/page";
import { StatusMark } from "@/components/status";
import { statuses } from "@/features/jobs/search";
import { keys } from "@/features/live/keys";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import { KindsTable } from "@/features/stats/kinds-table";
import { api, type Stats, type Status, unwrap } from "@/lib/api";
import { patient } from "@/lib/patient";
import { useTheme } from "@/lib/theme";
import { duration, integer } from "@/lib/time";

const Chart = lazy(patient(() => import("@/features/stats/chart")));
const route = getRouteApi("/stats");
const windows = ["15m", "1h", "6h", "24h", "168h"];
const windowNames: Record<string, string> = { "168h": "7 days" };

const lines = [
  { key: "submitted", name: "Submitted", colour: "--state-queued", dash: [4, 4] },
  { key: "succeeded", name: "Succeeded", colour: "--state-succeeded" },
  { key: "failed", name: "Failed", colour: "--state-failed" },
  { key: "retried", name: "Retried", colour: "--state-retrying", dash: [2, 3] },
  { key: "dead", name: "Dead", colour: "--state-dead", dash: [8, 3] },
] as const;

export function StatsPage() {
  const { window = "1h" } = route.useSearch();
  const { project } = useSearch({ strict: false });
  const key = keys.stats(window, project);
  const stats = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/stats", { params: { query: { window, project } }, signal })),
    placeholderData: (before) => before,
    refetchInterval: 30_000,
  });
  useRefreshOnEvents([key], project ? { project } : {}, 2000);

  return (
    <div className="scroll-thin relative min-h-0 grow overflow-y-auto">
      <PageHead title="Statistics">
        <nav aria-label="Window" className="flex gap-0.5 rounded-md border border-line p-0.5">
          {windows.map((each) => (
            <Link
              key={each}
              from="/stats"
              to="."
              search={(old) => ({ ...old, window: each === "1h" ? undefined : each })}
              aria-current={each === window ? "page" : undefined}
              className={clsx(
                "rounded-sm px-2.5 py-0.5 text-sm",
                each === window ? "bg-well font-semibold text-ink" : "text-ink-2 hover:text-ink",
              )}
            >
              {windowNames[each] ?? each}
            </Link>
          ))}
        </nav>
      </PageHead>
      <div className="flex flex-col gap-8 px-4 pb-10 md:px-6">
        {stats.isError && !stats.data && (
          <Fault error={stats.error} retry={() => void stats.refetch()} />
        )}
        {stats.data && (
          <div className={clsx("flex flex-col gap-8", stats.isPlaceholderData && "opacity-60")}>
            <Now stats={stats.data} />
            <Throughput stats={stats.data} />
            <section>
              <h2 className="mb-3 text-lg font-semibold">By kind</h2>
              {stats.data.kinds.length ? (
                <KindsTable kinds={stats.data.kinds} />
              ) : (
                <Notice icon={<ChartLine />} title="Nothing ended in this window" />
              )}
            </section>
            <Queues stats={stats.data} />
          </div>
        )}
      </div>
    </div>
  );
}

/** How many jobs stand where, now; each figure leads to its jobs. */
function Now({ stats }: { stats: Stats }) {
  const shown = statuses.filter((status) => stats.statuses[status]);
  if (shown.length === 0) return null;
  return (
    <section aria-label="Jobs by status now">
      <ul className="flex flex-wrap gap-x-8 gap-y-3">
        {shown.map((status: Status) => (
          <li key={status}>
            <Link to="/jobs" search={{ status: [status] }} className="group block">
              <span className="num block text-xl font-semibold tracking-tight group-hover:underline">
                {integer(stats.statuses[status] ?? 0)}
              </span>
              <StatusMark status={status} className="text-xs" />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Throughput({ stats }: { stats: Stats }) {
  const theme = useTheme();
  const total = (key: (typeof lines)[number]["key"]) =>
    stats.throughput.reduce((sum, bucket) => sum + bucket[key], 0);
  return (
    <section aria-label="Throughput">
      <div className="mb-2 flex flex-wrap items-baseline gap-x-5 gap-y-1">
        <h2 className="text-lg font-semibold">Throughput</h2>
        <span className="text-sm text-ink-3">jobs in {duration(stats.bucketSeconds * 1000)}</span>
        <ul className="ml-auto flex flex-wrap gap-x-4 text-xs text-ink-2">
          {lines.map((line) => (
            <li key={line.key} className="num flex items-center gap-1.5">
              <svg width="18" height="6" aria-hidden="true">
                <path
                  d="M0 3h18"
                  stroke={`var(${line.colour})`}
                  strokeWidth="2"
                  strokeDasharray={"dash" in line ? line.dash.join(" ") : undefined}
                />
              </svg>
              {line.name} {integer(total(line.key))}
            </li>
          ))}
        </ul>
      </div>
      <div className="h-[220px] rounded-lg">
        <Suspense fallback={<div className="h-full rounded-lg bg-well" />}>
          <Chart
            label={`Throughput over ${stats.window}: ${lines.map((line) => `${line.name} ${total(line.key)}`).join(", ")}`}
            theme={theme}
            times={stats.throughput.map((bucket) => Date.parse(bucket.time) / 1000)}
            series={lines.map((line) => ({
              name: line.name,
              colour: line.colour,
              dash: "dash" in line ? [...line.dash] : undefined,
              values: stats.throughput.map((bucket) => bucket[line.key]),
            }))}
          />
        </Suspense>
      </div>
    </section>
  );
}

function Queues({ stats }: { stats: Stats }) {
  if (stats.queues.length === 0) return null;
  return (
    <section>
      <h2 className="mb-3 text-lg font-semibold">Queues</h2>
      <div className="scroll-thin relative overflow-x-auto rounded-lg border border-line bg-panel">
        <table className="w-full text-sm" aria-label="Queue depth and age">
          <thead>
            <tr className="[&>th]:h-8 [&>th]:px-3 [&>th]:text-right [&>th]:text-xs [&>th]:font-medium [&>th]:text-ink-3">
              <th className="text-left!">Queue</th>
              <th>Waiting</th>
              <th>Oldest</th>
              <th>Running</th>
            </tr>
          </thead>
          <tbody>
            {stats.queues.map((queue) => (
              <tr
                key={queue.name}
                className="num [&>td]:border-t [&>td]:border-line [&>td]:px-3 [&>td]:py-1.5 [&>td]:text-right [&>th]:border-t [&>th]:border-line [&>th]:px-3"
              >
                <th scope="row" className="text-left font-medium">
                  {queue.name}
                </th>
                <td>{integer(queue.depth.high + queue.depth.normal + queue.depth.low)}</td>
                <td>{queue.oldestAgeMs === undefined ? "–" : duration(queue.oldestAgeMs)}</td>
                <td>{integer(queue.running)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
