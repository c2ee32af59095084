import { getRouteApi, Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { SearchX } from "lucide-react";
import { Notice } from "@/components/fault";
import { PageHead } from "@/components/page";
import { Button, buttonClass } from "@/components/ui/button";
import { FirstRun } from "@/features/job/first-run";
import { JobsView } from "@/features/jobs/jobs-view";
import type { JobsSearch } from "@/features/jobs/search";
import { Logo } from "@/features/shell/logo";
import type { Status } from "@/lib/api";

const route = getRouteApi("/jobs");

const views: { name: string; status: Status[] | undefined }[] = [
  { name: "All", status: undefined },
  {
    name: "Active",
    status: ["waiting", "delayed", "queued", "running", "stopping", "retrying"],
  },
  { name: "Failed", status: ["failed", "dead"] },
  { name: "Succeeded", status: ["succeeded"] },
];

export function JobsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (next: Partial<JobsSearch>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: "q" in next });
  const filtered = Object.entries(search).some(
    ([key, value]) => value !== undefined && key !== "sort" && key !== "project",
  );
  return (
    <>
      <PageHead title="Jobs">
        <nav aria-label="Views" className="flex gap-0.5 rounded-md border border-line p-0.5">
          {views.map(({ name, status }) => (
            <Link
              key={name}
              from="/jobs"
              to="."
              search={(old) => ({ ...old, status })}
              className={clsx(
                "rounded-sm px-2.5 py-0.5 text-sm",
                same(status, search.status)
                  ? "bg-well font-semibold text-ink"
                  : "text-ink-2 hover:text-ink",
              )}
              aria-current={same(status, search.status) ? "page" : undefined}
            >
              {name}
            </Link>
          ))}
        </nav>
      </PageHead>
      <FirstRun />
      <JobsView
        search={search}
        change={change}
        empty={
          filtered ? (
            <Notice
              icon={<SearchX />}
              title="No job matches"
              actions={
                <Button onClick={() => void navigate({ search: ({ project }) => ({ project }) })}>
                  Clear the filters
                </Button>
              }
            >
              A job that does will appear here by itself.
            </Notice>
          ) : (
            <FirstJob />
          )
        }
      />
    </>
  );
}

function FirstJob() {
  const curl = `curl -s ${window.location.origin}/api/jobs \\
  -H 'content-type: application/json' \\
  -d '{"kind":"system.ping","input":{}}'`;
  return (
    <Notice
      icon={<Logo className="h-10 w-auto" />}
      title="No tape has been started yet"
      actions={
        <Link to="/submit" className={buttonClass("primary")}>
          Submit the first job
        </Link>
      }
    >
      <p>Submit one here or from a shell, and watch its tape grow.</p>
      <pre className="mt-4 overflow-x-auto rounded-md border border-line bg-panel p-3 text-left font-mono text-xs">
        {curl}
      </pre>
    </Notice>
  );
}

function same(a: Status[] | undefined, b: Status[] | undefined): boolean {
  return [...(a ?? [])].sort().join() === [...(b ?? [])].sort().join();
}
