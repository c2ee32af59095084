import { FileCode2, FlaskConical, ListChecks } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Fault, Notice } from "@/components/fault";
import { Button } from "@/components/ui/button";
import { patient } from "@/lib/patient";
import type { Making } from "./generate-dialog";
import { SuiteList } from "./list";
import { useSuiteList } from "./use-suites";

const GenerateDialog = lazy(patient(() => import("./generate-dialog")));

/** What was generated of a recording, and ways to generate more. */
export default function RecordingTests({
  recordingId,
  project,
}: {
  recordingId: string;
  project: string | undefined;
}) {
  const [making, setMaking] = useState<Making | null>(null);
  const list = useSuiteList({ about: recordingId, project });
  const jobs = list.data?.pages.flatMap((page) => page.items) ?? [];
  const buttons = (
    <>
      <Button look="primary" onClick={() => setMaking("tests")}>
        <FileCode2 aria-hidden="true" /> Generate tests
      </Button>
      <Button onClick={() => setMaking("cases")}>
        <ListChecks aria-hidden="true" /> Generate test cases
      </Button>
    </>
  );
  return (
    <div className="scroll-thin min-h-0 grow overflow-y-auto p-4 md:px-6">
      {list.isError && jobs.length === 0 && (
        <Fault error={list.error} retry={() => void list.refetch()} />
      )}
      {list.isPending && (
        <p role="status" className="text-sm text-ink-3">
          Looking for tests…
        </p>
      )}
      {list.isSuccess && jobs.length === 0 && (
        <Notice icon={<FlaskConical />} title="No tests of it yet" actions={buttons}>
          Its steps become a test whose worth is proven, or cases that say which document demands
          them.
        </Notice>
      )}
      {jobs.length > 0 && (
        <div className="flex flex-col gap-3">
          <div className="flex flex-wrap gap-2">{buttons}</div>
          <SuiteList jobs={jobs} label="Tests of the recording" />
        </div>
      )}
      {list.hasNextPage && (
        <div className="flex justify-center py-4">
          <Button disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {list.isFetchingNextPage ? "Loading…" : "Load more"}
          </Button>
        </div>
      )}
      {making && (
        <Suspense>
          <GenerateDialog
            making={making}
            project={project}
            recordingId={recordingId}
            onClose={() => setMaking(null)}
          />
        </Suspense>
      )}
    </div>
  );
}
