import { type ReactNode, useEffect } from "react";

/** The head of every page: its name, what goes with it, and its actions. Sets the tab's title. */
export function PageHead({
  title,
  tabTitle = title,
  children,
  actions,
}: {
  title: string;
  tabTitle?: string;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${tabTitle} · Tapedeck`;
  }, [tabTitle]);
  return (
    <header className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 pt-4 pb-3 md:px-6">
      <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
      {children}
      {actions && <div className="ml-auto flex flex-wrap gap-2">{actions}</div>}
    </header>
  );
}
