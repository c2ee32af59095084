import { Link } from "@tanstack/react-router";
import {
  Download,
  FileSpreadsheet,
  FileText,
  FileType,
  Handshake,
  RotateCw,
  Sheet,
} from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Ago } from "@/components/time";
import { Button } from "@/components/ui/button";
import { Menu } from "@/components/ui/menu";
import { apiURL } from "@/lib/api";
import { patient } from "@/lib/patient";
import type { ExportFormat, TestCases } from "@/lib/suites-api";
import { integer } from "@/lib/time";
import { ReviewProgress } from "./review";
import { Breadcrumb, Fact } from "./suite-view";

const ExportDialog = lazy(patient(() => import("./export-dialog")));
const GenerateDialog = lazy(patient(() => import("./generate-dialog")));

/** What a set of cases is of, how far its review is, and what can be done with the whole of it. */
export function CaseSetHead({
  set,
  by,
  onBy,
}: {
  set: TestCases;
  by: string;
  onBy: (by: string) => void;
}) {
  const { jobId, name, recordingId, recordingVersion } = set;
  const [dialog, setDialog] = useState<"export" | "again" | null>(null);
  const none = set.status !== "complete" || set.cases.length === 0;
  const file = (format: ExportFormat) =>
    apiURL(`/api/test-cases/${encodeURIComponent(jobId)}/export?format=${format}`);
  return (
    <header className="flex shrink-0 flex-col gap-2 px-4 pt-3 pb-3 md:px-6">
      <Breadcrumb />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1 className="min-w-0 text-xl font-semibold tracking-tight break-words">
          {name || "Test cases"}
        </h1>
        <ReviewProgress set={set} />
        <div className="ml-auto flex flex-wrap gap-2">
          <Button onClick={() => setDialog("again")}>
            <RotateCw aria-hidden="true" /> Generate again…
          </Button>
          {none ? null : (
            <Menu
              label="Export"
              icon={Download}
              entries={[
                { label: "Excel", icon: FileSpreadsheet, href: file("xlsx"), download: "" },
                { label: "CSV", icon: Sheet, href: file("csv"), download: "" },
                { label: "Markdown", icon: FileText, href: file("markdown"), download: "" },
                { label: "Gherkin", icon: FileType, href: file("gherkin"), download: "" },
                null,
                { label: "Hand out…", icon: Handshake, run: () => setDialog("export") },
              ]}
            />
          )}
        </div>
      </div>
      <dl className="flex flex-wrap gap-x-6 gap-y-1 text-sm">
        <Fact name="Recording">
          <Link
            to="/recordings/$recordingId"
            params={{ recordingId }}
            search={{ v: recordingVersion }}
            className="underline decoration-line-strong underline-offset-3 hover:decoration-ink"
          >
            {name || recordingId}
          </Link>
        </Fact>
        <Fact name="Read">
          <span className="num">
            {integer(set.documents)} {set.documents === 1 ? "document" : "documents"},{" "}
            {integer(set.requirements)} {set.requirements === 1 ? "requirement" : "requirements"}
          </span>
        </Fact>
        <Fact name="Generated">
          <Ago time={set.createdAt} />
        </Fact>
        <Fact name="Job">
          <Link
            to="/jobs/$jobId"
            params={{ jobId }}
            className="underline decoration-line-strong underline-offset-3 hover:decoration-ink"
          >
            Log and events
          </Link>
        </Fact>
      </dl>
      {set.notes?.map((note) => (
        <p key={note} className="max-w-prose text-sm wrap-anywhere text-ink-2">
          {note.charAt(0).toUpperCase() + note.slice(1)}.
        </p>
      ))}
      <Suspense>
        {dialog === "export" && (
          <ExportDialog jobId={jobId} by={by} onBy={onBy} onClose={() => setDialog(null)} />
        )}
        {dialog === "again" && (
          <GenerateDialog
            making="cases"
            project={set.owner}
            recordingId={recordingId}
            onClose={() => setDialog(null)}
          />
        )}
      </Suspense>
    </header>
  );
}
