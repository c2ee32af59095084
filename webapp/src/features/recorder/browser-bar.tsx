import { clsx } from "clsx";
import { ArrowLeft, ArrowRight, Loader, Plus, RotateCw, X } from "lucide-react";
import { useState } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { asAddress } from "./input";
import { addressId } from "./key-catcher";
import type { StageCommand, StageState } from "./protocol";

type Send = (command: StageCommand) => void;
type Tab = StageState["pages"][number];

/** The tabs and the address bar of the browser that is driven. */
export function BrowserBar({
  state,
  driving,
  send,
}: {
  state: StageState | null;
  driving: boolean;
  send: Send;
}) {
  const pages = state?.pages ?? [];
  const active = pages.find((page) => page.page === state?.active);
  return (
    <div className="flex shrink-0 flex-col border-b border-line bg-panel">
      <Tabs pages={pages} active={state?.active} driving={driving} send={send} />
      <div className="flex items-center gap-1 px-2 py-1.5">
        <Nav label="Back" on={driving && active?.canGoBack} run={() => send({ op: "back" })}>
          <ArrowLeft aria-hidden="true" />
        </Nav>
        <Nav
          label="Forward"
          on={driving && active?.canGoForward}
          run={() => send({ op: "forward" })}
        >
          <ArrowRight aria-hidden="true" />
        </Nav>
        <Nav label="Reload" on={driving} run={() => send({ op: "reload" })}>
          <RotateCw aria-hidden="true" />
        </Nav>
        <Address key={active?.page} url={active?.url ?? ""} driving={driving} send={send} />
      </div>
    </div>
  );
}

function Nav({
  label,
  on,
  run,
  children,
}: {
  label: string;
  on: boolean | undefined;
  run: () => void;
  children: React.ReactNode;
}) {
  return (
    <Button look="quiet" size="icon" disabled={!on} onClick={run} title={label} aria-label={label}>
      {children}
    </Button>
  );
}

function Address({ url, driving, send }: { url: string; driving: boolean; send: Send }) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <form
      className="min-w-0 grow"
      onSubmit={(event) => {
        event.preventDefault();
        const text = (typed ?? url).trim();
        if (!text) return;
        send({ op: "navigate", url: asAddress(text) });
        setTyped(null);
      }}
    >
      <input
        id={addressId}
        aria-label="Address"
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        readOnly={!driving}
        value={typed ?? url}
        placeholder="Address"
        onChange={(event) => setTyped(event.target.value)}
        onFocus={(event) => event.target.select()}
        onBlur={() => setTyped(null)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          setTyped(null);
          event.currentTarget.blur();
        }}
        className="h-8 w-full rounded-full border border-line bg-well px-3.5 text-sm text-ink hover:border-line-strong focus:bg-panel"
      />
    </form>
  );
}

function Tabs({
  pages,
  active,
  driving,
  send,
}: {
  pages: Tab[];
  active: string | undefined;
  driving: boolean;
  send: Send;
}) {
  return (
    <nav aria-label="Tabs" className="flex items-end gap-0.5 bg-ground px-2 pt-1.5">
      <ul className="scroll-thin flex min-w-0 gap-0.5 overflow-x-auto">
        {pages.map((page) => {
          const on = page.page === active;
          const name = page.title || page.url || "New tab";
          return (
            <li
              key={page.page}
              className={clsx(
                "flex h-8 max-w-56 min-w-0 items-center rounded-t-md border border-b-0 pr-1 text-sm",
                on ? "border-line bg-panel" : "border-transparent text-ink-2 hover:bg-well",
              )}
            >
              <button
                type="button"
                aria-current={on ? "page" : undefined}
                disabled={!driving}
                title={page.url}
                onClick={() => send({ op: "showTab", page: page.page })}
                className="flex min-w-0 items-center gap-1.5 px-2.5 py-1"
              >
                {page.loading && (
                  <Loader
                    role="img"
                    aria-label="Loading"
                    className="size-3.5 shrink-0 animate-[reel_1.2s_steps(12)_infinite] text-ink-3"
                  />
                )}
                <span className="truncate">{name}</span>
              </button>
              {pages.length > 1 && driving && (
                <button
                  type="button"
                  aria-label={`Close ${name}`}
                  onClick={() => send({ op: "closeTab", page: page.page })}
                  className="rounded-sm p-0.5 text-ink-3 hover:bg-well hover:text-ink"
                >
                  <X className="size-3.5" aria-hidden="true" />
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {driving && (
        <button
          type="button"
          aria-label="New tab"
          title="New tab"
          onClick={() => send({ op: "openTab" })}
          className={clsx(buttonClass("quiet", "sm"), "size-7 px-0!")}
        >
          <Plus aria-hidden="true" />
        </button>
      )}
    </nav>
  );
}
