import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useSearch } from "@tanstack/react-router";
import { clsx } from "clsx";
import {
  Activity,
  BookOpen,
  Circle,
  Command,
  Film,
  FlaskConical,
  Keyboard,
  Layers,
  ListVideo,
  Monitor,
  Moon,
  Plus,
  Server,
  Skull,
  Sun,
} from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { useLiveState } from "@/features/live/context";
import { ApiError } from "@/lib/api";
import { patient } from "@/lib/patient";
import { infoQuery } from "@/lib/queries";
import { useShortcutKeys, useShortcuts } from "@/lib/shortcuts";
import { setTheme, type ThemeChoice, useThemeChoice } from "@/lib/theme";
import { notes } from "@/lib/toast";
import { LiveIndicator, NotLiveBanner } from "./live-indicator";
import { Logo } from "./logo";

const loadPalette = patient(() => import("./palette"));
const Palette = lazy(loadPalette);
// What is said before it is there is not lost: it waits.
const Announcer = lazy(
  patient(() =>
    import("@/features/live/announcer").then(({ Announcer }) => ({ default: Announcer })),
  ),
);
const SignIn = lazy(() => import("./sign-in")); // not patient: without a token nothing is live
const Help = lazy(patient(() => import("./help")));
const Toasts = lazy(patient(() => import("./toasts")));

const places = [
  { to: "/jobs", label: "Jobs", icon: ListVideo, keys: "g j" },
  { to: "/recordings", label: "Recordings", short: "Library", icon: Film, keys: "g r" },
  { to: "/knowledge", label: "Knowledge", short: "Docs", icon: BookOpen, keys: "g k" },
  { to: "/suites", label: "Suites", icon: FlaskConical, keys: "g t" },
  { to: "/environments", label: "Environments", short: "Envs", icon: Server, keys: "g e" },
  { to: "/queues", label: "Queues & workers", short: "Queues", icon: Layers, keys: "g q" },
  { to: "/dead", label: "Dead letters", short: "Dead", icon: Skull, keys: "g d" },
  { to: "/stats", label: "Statistics", short: "Stats", icon: Activity, keys: "g s" },
] as const;

export function Shell() {
  const [dialog, setDialog] = useState<"palette" | "help" | null>(null);
  const { status } = useLiveState();
  const toasts = useToastsWanted();
  useShortcutKeys();
  usePlaces(setDialog);
  // Once the page is at rest, so that the first words typed into the palette are not lost.
  useEffect(() => {
    const id = setTimeout(() => loadPalette().catch(() => {}), 2000);
    return () => clearTimeout(id);
  }, []);

  const { error } = useQuery(infoQuery);
  if (error instanceof ApiError && error.code === "unauthorized") {
    return (
      <Suspense>
        <SignIn onDone={() => window.location.reload()} />
      </Suspense>
    );
  }

  return (
    <div
      data-live={status}
      className="grid h-dvh grid-cols-[minmax(0,1fr)] grid-rows-[auto_minmax(0,1fr)_auto] md:grid-cols-[13rem_minmax(0,1fr)] md:grid-rows-1"
    >
      <a href="#main" className={clsx(buttonClass("primary"), "skip-link")}>
        Skip to content
      </a>
      <Sidebar openDialog={setDialog} />
      <PhoneBar openDialog={setDialog} />
      <div className="flex min-h-0 min-w-0 flex-col">
        <NotLiveBanner />
        <main id="main" tabIndex={-1} className="flex min-h-0 grow flex-col outline-none">
          <Outlet />
        </main>
      </div>
      <PhoneTabs />
      <Suspense>
        <Announcer />
      </Suspense>
      <Suspense>
        {dialog === "palette" && <Palette onClose={() => setDialog(null)} />}
        {dialog === "help" && <Help onClose={() => setDialog(null)} />}
        {toasts && <Toasts />}
      </Suspense>
    </div>
  );
}

/** True from the first note on: until then nobody pays for the toaster. */
function useToastsWanted(): boolean {
  const [wanted, setWanted] = useState(false);
  useEffect(() => notes.subscribe(() => setWanted(true)), []);
  return wanted;
}

type OpenDialog = (dialog: "palette" | "help") => void;

function usePlaces(openDialog: OpenDialog) {
  const navigate = useNavigate();
  const theme = useThemeChoice();
  useShortcuts([
    ...places.map((place) => ({
      keys: place.keys,
      label: place.label,
      group: "Go to" as const,
      run: () => void navigate({ to: place.to }),
    })),
    {
      keys: "r",
      label: "Record",
      group: "Go to",
      run: () => void navigate({ to: "/record" }),
    },
    {
      keys: "n",
      label: "Submit a job",
      group: "Go to",
      run: () => void navigate({ to: "/submit" }),
    },
    { keys: "mod+k", label: "Commands", group: "Everywhere", run: () => openDialog("palette") },
    { keys: "?", label: "Keyboard shortcuts", group: "Everywhere", run: () => openDialog("help") },
    {
      keys: "t",
      label: "Next theme (system, light, dark)",
      group: "Everywhere",
      run: () => setTheme(nextTheme(theme)),
    },
  ]);
}

function nextTheme(theme: ThemeChoice): ThemeChoice {
  return theme === "system" ? "light" : theme === "light" ? "dark" : "system";
}

function Sidebar({ openDialog }: { openDialog: OpenDialog }) {
  return (
    <header className="hidden flex-col gap-4 border-r border-line bg-panel p-3 md:flex">
      <Brand />
      <div className="flex flex-col gap-1.5">
        <Link to="/record" className={clsx(buttonClass("primary"), "w-full")}>
          <Circle aria-hidden="true" className="size-3.5! fill-danger text-danger" /> Record
        </Link>
        <Link to="/submit" className={clsx(buttonClass(), "w-full")}>
          <Plus aria-hidden="true" /> Submit a job
        </Link>
      </div>
      <nav aria-label="Main">
        <ul className="flex flex-col gap-0.5">
          {places.map(({ to, label, icon: Icon }) => (
            <li key={to}>
              <Link
                to={to}
                className="flex h-8 items-center gap-2.5 rounded-md px-2 text-sm text-ink-2 hover:bg-well hover:text-ink"
                activeProps={{ className: "bg-well font-semibold text-ink!" }}
              >
                <Icon className="size-4" aria-hidden="true" />
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <ProjectSwitch />
      <div className="mt-auto flex flex-col gap-3">
        <div className="flex items-center justify-between">
          <LiveIndicator />
          <span className="flex">
            <Button look="quiet" size="icon" onClick={() => openDialog("palette")}>
              <Command aria-hidden="true" />
              <span className="sr-only">Commands</span>
            </Button>
            <Button look="quiet" size="icon" onClick={() => openDialog("help")}>
              <Keyboard aria-hidden="true" />
              <span className="sr-only">Keyboard shortcuts</span>
            </Button>
          </span>
        </div>
        <ThemeSwitch />
        <ServerLine />
      </div>
    </header>
  );
}

function Brand() {
  return (
    <Link to="/jobs" className="flex items-center gap-2.5 rounded-md px-1 py-1">
      <Logo className="h-5 w-auto" />
      <span className="text-lg font-semibold tracking-tight">Tapedeck</span>
    </Link>
  );
}

function PhoneBar({ openDialog }: { openDialog: OpenDialog }) {
  return (
    <header className="flex items-center justify-between gap-3 border-b border-line bg-panel px-3 py-1.5 md:hidden">
      <Brand />
      <span className="flex min-w-0 items-center gap-1">
        <ProjectSwitch compact />
        <LiveIndicator />
        <Button look="quiet" size="icon" onClick={() => openDialog("palette")}>
          <Command aria-hidden="true" />
          <span className="sr-only">Commands</span>
        </Button>
      </span>
    </header>
  );
}

const phonePlaces = [
  { to: "/record", label: "Record", icon: Circle },
  ...places,
  { to: "/submit", label: "Submit", icon: Plus },
] as const;

function PhoneTabs() {
  return (
    <nav aria-label="Main" className="border-t border-line bg-panel md:hidden">
      <ul className="grid grid-cols-10">
        {phonePlaces.map((place) => (
          <li key={place.to}>
            <Link
              to={place.to}
              className="flex min-w-0 flex-col items-center gap-0.5 py-1.5 text-2xs text-ink-2"
              activeProps={{ className: "font-semibold text-ink!" }}
            >
              <place.icon className="size-4.5" aria-hidden="true" />
              {"short" in place ? place.short : place.label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function ProjectSwitch({ compact = false }: { compact?: boolean }) {
  const info = useQuery(infoQuery);
  const navigate = useNavigate();
  const { project } = useSearch({ strict: false });
  const projects = new Set(info.data?.projects ?? []);
  if (project) projects.add(project);
  if (compact && projects.size < 2) return null;
  return (
    <label className="flex min-w-0 flex-col gap-1 px-1 text-xs text-ink-3">
      <span className={compact ? "sr-only" : undefined}>Project</span>
      <select
        className="h-8 min-w-0 rounded-md border border-line bg-panel px-1.5 text-sm text-ink"
        value={project ?? ""}
        onChange={(event) =>
          void navigate({
            to: ".",
            search: (old) => ({ ...old, project: event.target.value || undefined }),
          })
        }
      >
        <option value="">All projects</option>
        {[...projects].sort().map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

const themes = [
  { value: "system", label: "System theme", icon: Monitor },
  { value: "light", label: "Light theme", icon: Sun },
  { value: "dark", label: "Dark theme", icon: Moon },
] as const;

function ThemeSwitch() {
  const choice = useThemeChoice();
  return (
    <fieldset className="grid grid-cols-3 rounded-md border border-line p-0.5">
      <legend className="sr-only">Theme</legend>
      {themes.map(({ value, label, icon: Icon }) => (
        <label
          key={value}
          title={label}
          className={clsx(
            "flex h-6 cursor-pointer items-center justify-center rounded-sm has-focus-visible:outline-2 has-focus-visible:outline-focus",
            choice === value ? "bg-well text-ink" : "text-ink-3 hover:text-ink",
          )}
        >
          <input
            type="radio"
            name="theme"
            className="sr-only"
            checked={choice === value}
            onChange={() => setTheme(value)}
          />
          <Icon className="size-3.5" aria-hidden="true" />
          <span className="sr-only">{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

function ServerLine() {
  const { data: info } = useQuery(infoQuery);
  if (!info) return null;
  return (
    <p
      className="truncate px-1 text-2xs text-ink-3"
      title={`Log ${info.epoch} on ${info.store}: ${info.durability}`}
    >
      {info.version} on {info.store}
    </p>
  );
}
