import { clsx } from "clsx";
import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import type { EnvironmentCheck, Finding } from "@/lib/environments-api";

const levels = {
  ok: { icon: CircleCheck, name: "Good", look: "text-good" },
  warning: { icon: TriangleAlert, name: "Mind", look: "text-warn" },
  error: { icon: CircleAlert, name: "Fault", look: "text-danger" },
} as const;

/** What a look at an environment found, part by part. */
export function Findings({ check }: { check: EnvironmentCheck }) {
  return (
    <section aria-label={`What was found at ${check.name}`} className="rounded-md bg-well p-3">
      <p role="status" className={clsx("text-sm font-medium", !check.ok && "text-danger")}>
        {check.ok ? "Tests could run here" : "Tests could not run here"}
      </p>
      <ul className="mt-1.5 flex flex-col gap-1 text-sm">
        {check.findings.map((finding) => (
          <FindingLine key={finding.subject} finding={finding} />
        ))}
      </ul>
    </section>
  );
}

function FindingLine({ finding: { subject, level, message } }: { finding: Finding }) {
  const { icon: Icon, name, look } = levels[level];
  return (
    <li className="flex items-start gap-2">
      <Icon className={clsx("mt-0.5 size-4 shrink-0", look)} aria-hidden="true" />
      <span className="min-w-0 break-words">
        <span className="sr-only">{name}: </span>
        <span className="font-medium">{nameOf(subject)}</span>{" "}
        <span className="text-ink-2">{message}</span>
      </span>
    </li>
  );
}

function nameOf(subject: string): string {
  const [part = "", name] = subject.split("/");
  const parts: Record<string, string> = {
    baseUrl: "Address",
    loginProfile: "Login",
    headers: "Header",
    secrets: "Secret",
  };
  return name ? `${parts[part] ?? part} ${name}` : (parts[part] ?? part);
}
