import { Link } from "@tanstack/react-router";
import { CloudOff, SearchX, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { ApiError, explain } from "@/lib/api";

/** A quiet block in the middle of where content would be: nothing there, or what went wrong. */
export function Notice({
  icon,
  title,
  children,
  actions,
  alert = false,
  page = false,
}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  alert?: boolean;
  /** It is all that the page shows: its title is the page's heading. */
  page?: boolean;
}) {
  const Heading = page ? "h1" : "h2";
  return (
    <div
      role={alert ? "alert" : undefined}
      className="mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-16 text-center"
    >
      {icon && <span className="mb-1 text-ink-3 [&_svg]:size-7 [&_svg]:stroke-[1.5]">{icon}</span>}
      <Heading className="text-lg font-semibold">{title}</Heading>
      {children && <div className="text-sm text-ink-2">{children}</div>}
      {actions && <div className="mt-3 flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  );
}

/** A failed request in place of its content, with a way to try again. */
export function Fault({
  error,
  retry,
  page,
}: {
  error: unknown;
  retry?: () => void;
  page?: boolean;
}) {
  const offline = error instanceof ApiError && error.code === "unavailable";
  return (
    <Notice
      alert
      page={page}
      icon={offline ? <CloudOff /> : <TriangleAlert />}
      title={titleOf(error)}
      actions={retry && <Button onClick={retry}>Try again</Button>}
    >
      {error instanceof ApiError ? longDetail(error) : explain(error)}
      {error instanceof ApiError && error.problem.instance && error.problem.status >= 500 && (
        <p className="mt-2 font-mono text-xs text-ink-3">Request {error.problem.instance}</p>
      )}
    </Notice>
  );
}

const SHORT = 80;

/** The problem's own sentence where it is short; titles are only the names of statuses. */
function titleOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong";
  const { title, detail } = error.problem;
  return detail && detail.length <= SHORT
    ? detail.charAt(0).toUpperCase() + detail.slice(1)
    : title;
}

function longDetail({ problem: { detail } }: ApiError): string | undefined {
  return detail && detail.length > SHORT ? detail : undefined;
}

export function ErrorPage({ error, reset }: { error: unknown; reset: () => void }) {
  return <Fault page error={error} retry={reset} />;
}

export function NotFoundPage() {
  return (
    <Notice
      page
      icon={<SearchX />}
      title="There is no such page"
      actions={
        <Link to="/jobs" className={buttonClass()}>
          All jobs
        </Link>
      }
    />
  );
}
