import { clsx } from "clsx";
import { type ReactNode, useState } from "react";
import { pathText } from "@/lib/diff";

const LONG = 400;
const MANY = 100;

/**
 * A JSON value to read: two-space lines, long text and long lists folded. Paths in `marked` are
 * highlighted with everything below them.
 */
export function Json({
  value,
  marked,
  label,
}: {
  value: unknown;
  marked?: ReadonlySet<string>;
  label: string;
}) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
      tabIndex={0}
      className="scroll-thin overflow-x-auto rounded-md border border-line bg-panel p-3 font-mono text-xs leading-5"
    >
      <Value value={value} path={[]} marked={marked} depth={0} tail="" />
    </section>
  );
}

interface Node {
  path: string[];
  marked: ReadonlySet<string> | undefined;
  depth: number;
  tail: string;
}

function Value({ value, name, ...node }: Node & { value: unknown; name?: string }): ReactNode {
  if (Array.isArray(value)) {
    const entries = value.map((item, i): [string, unknown] => [String(i), item]);
    return <Branch {...node} name={name} entries={entries} open="[" close="]" keyed={false} />;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return <Branch {...node} name={name} entries={entries} open="{" close="}" keyed />;
  }
  return (
    <Row {...node} name={name}>
      <Leaf value={value} />
      {node.tail}
    </Row>
  );
}

function Branch({
  entries,
  open,
  close,
  keyed,
  name,
  ...node
}: Node & {
  entries: [string, unknown][];
  open: string;
  close: string;
  keyed: boolean;
  name?: string;
}) {
  const [shown, setShown] = useState(MANY);
  if (entries.length === 0) {
    return (
      <Row {...node} name={name}>
        {open + close + node.tail}
      </Row>
    );
  }
  return (
    <>
      <Row {...node} name={name}>
        {open}
      </Row>
      {entries.slice(0, shown).map(([key, item], i) => (
        <Value
          key={key}
          value={item}
          name={keyed ? key : undefined}
          path={[...node.path, key]}
          marked={node.marked}
          depth={node.depth + 1}
          tail={i < entries.length - 1 ? "," : ""}
        />
      ))}
      {entries.length > shown && (
        <button
          type="button"
          className="ml-4 underline"
          onClick={() => setShown((n) => n + MANY * 10)}
        >
          {entries.length - shown} more
        </button>
      )}
      <Row {...node}>
        {close}
        {node.tail}
      </Row>
    </>
  );
}

function Row({
  path,
  marked,
  depth,
  name,
  children,
}: Node & { name?: string; children: ReactNode }) {
  const hit = marked && path.some((_, i) => marked.has(pathText(path.slice(0, i + 1))));
  return (
    <div
      className={clsx("w-max min-w-full whitespace-pre", hit && "bg-diff-add")}
      style={{ paddingLeft: `${depth * 1.25}rem` }}
    >
      {name !== undefined && (
        <>
          <span className="text-ink-3">{JSON.stringify(name)}</span>:{" "}
        </>
      )}
      {children}
    </div>
  );
}

function Leaf({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value === "string") {
    const cut = !whole && value.length > LONG;
    return (
      <span className="text-(--state-succeeded)">
        {JSON.stringify(cut ? value.slice(0, LONG) : value)}
        {cut && (
          <button type="button" className="text-ink underline" onClick={() => setWhole(true)}>
            {value.length - LONG} more characters
          </button>
        )}
      </span>
    );
  }
  if (value === null) return <span className="text-ink-3">null</span>;
  return <span className="text-(--state-running)">{String(value)}</span>;
}
