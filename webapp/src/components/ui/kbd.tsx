import type { ReactNode } from "react";

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex min-w-5 items-center justify-center rounded-sm border border-line bg-panel px-1 font-mono text-2xs text-ink-2">
      {children}
    </kbd>
  );
}
