import { getRouteApi } from "@tanstack/react-router";
import { clsx } from "clsx";
import { FileCode2, FlaskConical, ListChecks, SearchX } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Fault, Notice } from "@/components/fault";
import { PageHead } from "@/components/page";
import { Button } from "@/components/ui/button";
import { MoreButton } from "@/features/recordings/library";
import type { Making } from "@/features/suites/generate-dialog";
import { SuiteList } from "@/features/suites/list";
import { kindNames, type ListKind } from "@/features/suites/search";
import { useSuiteList } from "@/features/suites/use-suites";
import { patient } from "@/lib/patient";
import { useShortcuts } from "@/lib/shortcuts";
import { casesKind, suiteKind } from "@/lib/suites-api";

// One chunk for both pages: each costs the shell a line.
export { SuiteRoute } from "./suite";

const route = getRouteApi("/suites");
const GenerateDialog = lazy(patient(() => import("@/features/suites/generate-dialog")));

const jobKinds: Record<ListKind, string> = { tests: suiteKind, cases: casesKind };

export function SuitesPage() {
  const { kind, project } = route.useSearch();
  const navigate = route.useNavigate();
  const [making, setMaking] = useState<Making | null>(null);
  const query = useSuiteList({ project, kind: kind && jobKinds[kind] });
  const jobs = query.data?.pages.flatMap((page) => page.items) ?? [];
  const show = (next: ListKind | undefined) =>
    void navigate({ search: (old) => ({ ...old, kind: next }), replace: true });
  useShortcuts([
    { keys: "a", label: "Generate tests", group: "This page", run: () => setMaking("tests") },
    { keys: "c", label: "Generate test cases", group: "This page", run: () => setMaking("cases") },
  ]);
  return (
    <>
      <PageHead
        title="Suites"
        actions={
          <>
            <Button onClick={() => setMaking("cases")}>
              <ListChecks aria-hidden="true" /> Generate test cases
            </Button>
            <Button look="primary" onClick={() => setMaking("tests")}>
              <FileCode2 aria-hidden="true" /> Generate tests
            </Button>
          </>
        }
      >
        <Kinds kind={kind} onShow={show} />
      </PageHead>
      <div className="scroll-thin min-h-0 grow overflow-y-auto border-t border-line p-4 md:px-6">
        {query.isPending && <Skeleton />}
        {query.isError && jobs.length === 0 && (
          <Fault error={query.error} retry={() => void query.refetch()} />
        )}
        {query.isSuccess &&
          jobs.length === 0 &&
          (kind ? (
            <Notice
              icon={<SearchX />}
              title={kind === "tests" ? "No tests yet" : "No test cases yet"}
              actions={<Button onClick={() => show(undefined)}>Show everything</Button>}
            />
          ) : (
            <First make={setMaking} />
          ))}
        {jobs.length > 0 && <SuiteList jobs={jobs} label="Suites" />}
        {query.hasNextPage && (
          <MoreButton busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
        )}
      </div>
      {making && (
        <Suspense>
          <GenerateDialog making={making} project={project} onClose={() => setMaking(null)} />
        </Suspense>
      )}
    </>
  );
}

function Kinds({
  kind,
  onShow,
}: {
  kind: ListKind | undefined;
  onShow: (kind: ListKind | undefined) => void;
}) {
  return (
    <fieldset className="flex gap-0.5 rounded-md border border-line p-0.5">
      <legend className="sr-only">Show</legend>
      {([undefined, "tests", "cases"] as const).map((each) => (
        <button
          key={each ?? "all"}
          type="button"
          aria-pressed={kind === each}
          onClick={() => onShow(each)}
          className={clsx(
            "rounded-sm px-2.5 py-0.5 text-sm",
            kind === each ? "bg-well font-semibold text-ink" : "text-ink-2 hover:text-ink",
          )}
        >
          {each ? kindNames[each] : "All"}
        </button>
      ))}
    </fieldset>
  );
}

function First({ make }: { make: (making: Making) => void }) {
  return (
    <Notice
      icon={<FlaskConical />}
      title="Nothing has been generated yet"
      actions={
        <>
          <Button look="primary" onClick={() => make("tests")}>
            <FileCode2 aria-hidden="true" /> Generate tests
          </Button>
          <Button onClick={() => make("cases")}>
            <ListChecks aria-hidden="true" /> Generate test cases
          </Button>
        </>
      }
    >
      Choose a recording. Its steps become a test whose worth is proven, or cases that say which
      document demands them.
    </Notice>
  );
}

function Skeleton() {
  return (
    <div role="status" className="flex flex-col gap-3">
      <span className="sr-only">Loading suites</span>
      {Array.from({ length: 6 }, (_, i) => (
        <span key={i} className="h-14 rounded-md bg-well" />
      ))}
    </div>
  );
}
