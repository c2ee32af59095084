import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
  redirect,
  retainSearchParams,
} from "@tanstack/react-router";
import { ErrorPage, NotFoundPage } from "@/components/fault";
import { readJobsSearch } from "@/features/jobs/search";
import { readDocumentSearch, readKnowledgeSearch } from "@/features/knowledge/search";
import { type Filter, filters } from "@/features/proof/search";
import { readLibrarySearch, readRecordingSearch } from "@/features/recordings/search";
import { Shell } from "@/features/shell/shell";
import { readCasesSearch, readSuitesSearch } from "@/features/suites/search";
import { patient } from "@/lib/patient";
import { count, one, only, parseSearch, stringifySearch } from "@/lib/search";

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Shell,
  notFoundComponent: NotFoundPage,
  errorComponent: ErrorPage,
  validateSearch: (raw: Record<string, unknown>): { project?: string } => ({
    project: one(raw, "project"),
  }),
  search: { middlewares: [retainSearchParams(["project"])] },
});

const index = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/jobs", replace: true });
  },
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: "/jobs",
  validateSearch: only(readJobsSearch),
  component: lazyRouteComponent(
    patient(() => import("@/routes/jobs")),
    "JobsPage",
  ),
});

export const jobTabs = ["overview", "log", "events", "state", "artifacts"] as const;
/** Those of a verification's job, whose proof comes first. */
export const proofTabs = ["proof", ...jobTabs] as const;
export type JobTab = (typeof proofTabs)[number];

export interface JobSearch {
  tab?: JobTab;
  /** Version on the time-travel slider. */
  v?: number;
  /** Sequence of the event that is open. */
  event?: number;
  attempt?: number;
  /** Line of the log that is linked to. */
  line?: number;
  level?: string;
  find?: string;
  /** What a proof's matrix is narrowed to, and its cell that is open. */
  show?: Filter;
  cell?: string;
}

const job = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$jobId",
  validateSearch: only(
    (raw: Record<string, unknown>): JobSearch => ({
      tab: proofTabs.find((tab) => tab === one(raw, "tab")),
      v: count(raw, "v"),
      event: count(raw, "event"),
      attempt: count(raw, "attempt"),
      line: count(raw, "line"),
      level: one(raw, "level"),
      find: one(raw, "find"),
      show: filters.find((filter) => filter === one(raw, "show")),
      cell: one(raw, "cell"),
    }),
  ),
  component: lazyRouteComponent(
    patient(() => import("@/routes/job")),
    "JobRoute",
  ),
});

const submit = createRoute({
  getParentRoute: () => root,
  path: "/submit",
  validateSearch: only((raw: Record<string, unknown>): { kind?: string; from?: string } => ({
    kind: one(raw, "kind"),
    from: one(raw, "from"),
  })),
  component: lazyRouteComponent(
    patient(() => import("@/routes/submit")),
    "SubmitPage",
  ),
});

const record = createRoute({
  getParentRoute: () => root,
  path: "/record",
  validateSearch: (raw: Record<string, unknown>): RecordSearch => ({
    url: one(raw, "url"),
    folder: one(raw, "folder"),
    mode: (["interactive", "script"] as const).find((mode) => mode === one(raw, "mode")),
  }),
  component: lazyRouteComponent(
    patient(() => import("@/routes/record")),
    "RecordPage",
  ),
});

/** What the start form is filled with: a link can say where to begin. */
export interface RecordSearch {
  url?: string;
  folder?: string;
  mode?: "interactive" | "script";
}

const session = createRoute({
  getParentRoute: () => root,
  path: "/record/$sessionId",
  component: lazyRouteComponent(
    patient(() => import("@/routes/session")),
    "SessionRoute",
  ),
});

const recordings = createRoute({
  getParentRoute: () => root,
  path: "/recordings",
  validateSearch: readLibrarySearch,
  component: lazyRouteComponent(
    patient(() => import("@/routes/recordings")),
    "RecordingsPage",
  ),
});

const recording = createRoute({
  getParentRoute: () => root,
  path: "/recordings/$recordingId",
  validateSearch: readRecordingSearch,
  component: lazyRouteComponent(
    patient(() => import("@/routes/recording")),
    "RecordingRoute",
  ),
});

const knowledge = createRoute({
  getParentRoute: () => root,
  path: "/knowledge",
  validateSearch: only(readKnowledgeSearch),
  component: lazyRouteComponent(
    patient(() => import("@/routes/knowledge")),
    "KnowledgePage",
  ),
});

const knownDocument = createRoute({
  getParentRoute: () => root,
  path: "/knowledge/$documentId",
  validateSearch: only(readDocumentSearch),
  component: lazyRouteComponent(
    patient(() => import("@/routes/known-document")),
    "KnownDocumentRoute",
  ),
});

const suites = createRoute({
  getParentRoute: () => root,
  path: "/suites",
  validateSearch: only(readSuitesSearch),
  component: lazyRouteComponent(
    patient(() => import("@/routes/suites")),
    "SuitesPage",
  ),
});

const suite = createRoute({
  getParentRoute: () => root,
  path: "/suites/$suiteId",
  component: lazyRouteComponent(
    patient(() => import("@/routes/suites")),
    "SuiteRoute",
  ),
});

const caseSet = createRoute({
  getParentRoute: () => root,
  path: "/suites/cases/$setId",
  validateSearch: only(readCasesSearch),
  component: lazyRouteComponent(
    patient(() => import("@/routes/case-set")),
    "CaseSetRoute",
  ),
});

const environments = createRoute({
  getParentRoute: () => root,
  path: "/environments",
  component: lazyRouteComponent(
    patient(() => import("@/routes/environments")),
    "EnvironmentsPage",
  ),
});

const queues = createRoute({
  getParentRoute: () => root,
  path: "/queues",
  component: lazyRouteComponent(
    patient(() => import("@/routes/queues")),
    "QueuesPage",
  ),
});

const dead = createRoute({
  getParentRoute: () => root,
  path: "/dead",
  validateSearch: only(readJobsSearch),
  component: lazyRouteComponent(
    patient(() => import("@/routes/dead")),
    "DeadPage",
  ),
});

const stats = createRoute({
  getParentRoute: () => root,
  path: "/stats",
  validateSearch: only((raw: Record<string, unknown>): { window?: string } => ({
    window: one(raw, "window"),
  })),
  component: lazyRouteComponent(
    patient(() => import("@/routes/stats")),
    "StatsPage",
  ),
});

export function newRouter(queries: QueryClient, history?: RouterHistory) {
  return createRouter({
    history,
    routeTree: root.addChildren([
      ...[index, jobs, job, submit, record, session, recordings, recording],
      ...[knowledge, knownDocument, suites, suite, caseSet, environments, queues, dead, stats],
    ]),
    context: { queries },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultErrorComponent: ErrorPage,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
