import { useVirtualizer } from "@tanstack/react-virtual";
import { clsx } from "clsx";
import { Network, X } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Fault, Notice } from "@/components/fault";
import { SearchBox } from "@/components/search-box";
import { Button } from "@/components/ui/button";
import { Checkbox, Select } from "@/components/ui/field";
import type { Step } from "@/lib/recording";
import { bytes, duration, integer } from "@/lib/time";
import {
  bodyText,
  type HarEntry,
  kinds,
  laidOut,
  type RequestKind,
  type Row,
  readHar,
} from "./har";
import { useFile } from "./use-files";

const ROW = 32;

const kindNames: Record<RequestKind, string> = {
  document: "Documents",
  fetch: "Fetch",
  socket: "Sockets",
  script: "Scripts",
  style: "Styles",
  image: "Images",
  other: "Other",
};

/** What the pages asked for, from the network record. */
export default function NetworkView({
  id,
  step,
  find,
  open,
  onFind,
  onOpen,
}: {
  id: string;
  step: Step | undefined;
  find: string;
  open: number | undefined;
  onFind: (text: string) => void;
  onOpen: (entry: number | undefined) => void;
}) {
  const har = useFile(id, "network.har", readHar);
  const [kind, setKind] = useState<RequestKind | "">("");
  const [onlyStep, setOnlyStep] = useState(false);
  const rows = useMemo(
    () => fitting(har.data ?? [], find, kind, onlyStep ? step : undefined),
    [har.data, find, kind, onlyStep, step],
  );
  if (har.isError) return <Fault error={har.error} retry={() => void har.refetch()} />;
  if (har.isPending) return <p className="p-6 text-sm text-ink-3">Reading the network record…</p>;
  if (har.data === null) {
    return (
      <Notice icon={<Network />} title="No network record">
        It was not asked for, or the recording has not ended yet.
      </Notice>
    );
  }
  const entry = har.data.find((row) => row.index === open);
  return (
    <div className="flex min-h-0 grow flex-col">
      <div className="flex shrink-0 flex-wrap items-center gap-3 px-4 py-2 md:px-6">
        <SearchBox
          name="Search requests"
          label="Search method, address and status"
          placeholder="Search method, address, status"
          text={find}
          onText={onFind}
        />
        <Select
          aria-label="Kind of request"
          value={kind}
          onChange={(event) => setKind(event.target.value as RequestKind | "")}
        >
          <option value="">Everything</option>
          {kinds.map((each) => (
            <option key={each} value={each}>
              {kindNames[each]}
            </option>
          ))}
        </Select>
        {step && (
          <label className="flex items-center gap-2 text-sm">
            <Checkbox checked={onlyStep} onChange={() => setOnlyStep((on) => !on)} />
            Only of the chosen step
          </label>
        )}
        <span className="num ml-auto text-sm text-ink-3" role="status">
          {integer(rows.length)} of {integer(har.data.length)}
        </span>
      </div>
      <div className="flex min-h-0 grow border-t border-line max-lg:flex-col">
        <Requests
          rows={rows}
          marked={new Set(step?.evidence?.requests?.map((request) => request.entry))}
          open={open}
          onOpen={onOpen}
        />
        {entry && <Exchange row={entry} onClose={() => onOpen(undefined)} />}
      </div>
    </div>
  );
}

export function fitting(
  rows: Row[],
  find: string,
  kind: RequestKind | "",
  step: Step | undefined,
): Row[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const own = step && new Set(step.evidence?.requests?.map((request) => request.entry));
  return rows.filter((row) => {
    if ((kind && row.kind !== kind) || (own && !own.has(row.index))) return false;
    const text = `${row.method} ${row.url} ${row.status} ${row.error}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function Requests({
  rows,
  marked,
  open,
  onOpen,
}: {
  rows: Row[];
  marked: Set<number>;
  open: number | undefined;
  onOpen: (entry: number | undefined) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  return (
    <div ref={scroller} className="scroll-thin min-h-40 min-w-0 flex-1 overflow-auto bg-panel">
      <table
        aria-label="Requests"
        aria-rowcount={rows.length}
        className="w-full table-fixed border-separate border-spacing-0 text-sm"
      >
        <colgroup>
          <col className="w-18" />
          <col className="w-14" />
          <col />
          <col className="w-44 max-xl:hidden" />
          <col className="w-20 max-md:hidden" />
          <col className="w-18 max-sm:hidden" />
          <col className="w-20 max-sm:hidden" />
        </colgroup>
        <thead>
          <tr className="[&>th]:sticky [&>th]:top-0 [&>th]:z-10 [&>th]:h-8 [&>th]:border-b [&>th]:border-line [&>th]:bg-ground [&>th]:px-2 [&>th]:text-left [&>th]:text-xs [&>th]:font-medium [&>th]:text-ink-3">
            <th className="pl-4! md:pl-6!">Method</th>
            <th>Status</th>
            <th>Path</th>
            <th className="max-xl:hidden">Host</th>
            <th className="text-right! max-md:hidden">Size</th>
            <th className="text-right! max-sm:hidden">At</th>
            <th className="pr-4! text-right! max-sm:hidden">Took</th>
          </tr>
        </thead>
        <tbody>
          <Gap height={first * ROW} />
          {items.map(({ index }) => {
            const row = rows[index];
            return (
              row && (
                <RequestRow
                  key={row.index}
                  row={row}
                  marked={marked.has(row.index)}
                  on={open === row.index}
                  onOpen={onOpen}
                />
              )
            );
          })}
          <Gap height={Math.max(0, rows.length - last - 1) * ROW} />
        </tbody>
      </table>
      {rows.length === 0 && <p className="p-6 text-center text-sm text-ink-2">Nothing fits.</p>}
    </div>
  );
}

function Gap({ height }: { height: number }) {
  if (height === 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a spacer row cannot take the focus
    <tr aria-hidden="true" style={{ height }}>
      <td />
    </tr>
  );
}

function RequestRow({
  row,
  marked,
  on,
  onOpen,
}: {
  row: Row;
  marked: boolean;
  on: boolean;
  onOpen: (entry: number | undefined) => void;
}) {
  const failed = row.error !== "" || row.status === 0 || row.status >= 400;
  return (
    <tr
      className={clsx(
        "[&>td]:h-8 [&>td]:truncate [&>td]:border-b [&>td]:border-line [&>td]:px-2",
        on ? "bg-select" : "hover:bg-well",
      )}
    >
      <td
        className={clsx(
          "border-l-2 pl-3.5! font-mono text-xs md:pl-5.5!",
          marked ? "border-l-accent" : "border-l-transparent",
        )}
      >
        {row.method}
      </td>
      <td className={clsx("num", failed && "font-semibold text-danger")}>
        {row.status || (row.error ? "failed" : "–")}
      </td>
      <td>
        <button
          type="button"
          aria-expanded={on}
          title={row.url}
          onClick={() => onOpen(on ? undefined : row.index)}
          className="max-w-full truncate text-left font-mono text-xs underline decoration-line-strong underline-offset-3 hover:decoration-ink"
        >
          {row.path || row.url}
        </button>
        {marked && <span className="sr-only"> (of the chosen step)</span>}
      </td>
      <td className="text-ink-2 max-xl:hidden">{row.host}</td>
      <td className="num text-right text-ink-2 max-md:hidden">
        {row.size ? bytes(row.size) : "–"}
      </td>
      <td className="num text-right text-ink-2 max-sm:hidden">{duration(row.offsetMs)}</td>
      <td className="num pr-4! text-right text-ink-2 max-sm:hidden">{duration(row.tookMs)}</td>
    </tr>
  );
}

function Exchange({ row, onClose }: { row: Row; onClose: () => void }) {
  const { request, response, _webSocketMessages: messages } = row.entry;
  return (
    <section
      aria-label="Request"
      className="scroll-thin flex min-h-0 flex-col gap-4 overflow-y-auto border-line bg-ground p-4 max-lg:max-h-[60%] max-lg:border-t lg:w-104 lg:border-l xl:w-128"
    >
      <div className="flex items-start gap-2">
        <h2 className="min-w-0 grow font-mono text-xs leading-5 break-all">
          <strong className="font-semibold">{row.method}</strong> {row.url}
        </h2>
        <Button look="quiet" size="icon" onClick={onClose} aria-label="Close the request">
          <X aria-hidden="true" />
        </Button>
      </div>
      <p className="text-sm">
        {row.error ? (
          <span className="text-danger">{row.error}</span>
        ) : (
          `${row.status} ${response?.statusText ?? ""}`
        )}
        <span className="text-ink-3">
          {" "}
          · {duration(row.tookMs)} · {bytes(row.size)}
        </span>
      </p>
      {messages && <Messages messages={messages} />}
      <Body title="Response" body={response?.content} />
      <Body title="Request body" body={request?.postData} />
      <Headers title="Response headers" list={response?.headers} />
      <Headers title="Request headers" list={request?.headers} />
    </section>
  );
}

function Headers({
  title,
  list,
}: {
  title: string;
  list: { name: string; value: string }[] | undefined;
}) {
  if (!list?.length) return null;
  return (
    <details open={title === "Response headers"}>
      <summary className="text-sm font-semibold">
        {title} <span className="num font-normal text-ink-3">{list.length}</span>
      </summary>
      <dl className="mt-1 flex flex-col gap-0.5 font-mono text-xs">
        {list.map(({ name, value }, i) => (
          <div key={i} className="break-all">
            <dt className="inline text-ink-3">{name}: </dt>
            <dd className="inline">{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

const MOST_TEXT = 60_000;

function Body({
  title,
  body,
}: {
  title: string;
  body: { text?: string; encoding?: string; mimeType?: string } | undefined;
}) {
  const text = useMemo(() => {
    const plain = bodyText(body);
    return plain === null ? null : laidOut(plain.slice(0, MOST_TEXT));
  }, [body]);
  if (!body?.text) return null;
  return (
    <div>
      <h3 className="mb-1 text-sm font-semibold">
        {title} <span className="font-normal text-ink-3">{body.mimeType}</span>
      </h3>
      {text === null ? (
        <p className="text-sm text-ink-2">It is not text.</p>
      ) : (
        <pre
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
          tabIndex={0}
          className="scroll-thin max-h-72 overflow-auto rounded-md border border-line bg-panel p-2 font-mono text-xs whitespace-pre-wrap"
        >
          {text}
        </pre>
      )}
    </div>
  );
}

function Messages({ messages }: { messages: NonNullable<HarEntry["_webSocketMessages"]> }) {
  return (
    <div>
      <h3 className="mb-1 text-sm font-semibold">
        Messages <span className="num font-normal text-ink-3">{messages.length}</span>
      </h3>
      <ol className="flex flex-col gap-0.5 font-mono text-xs">
        {messages.slice(0, 500).map((message, i) => (
          <li key={i} className="flex gap-2">
            <span className="w-14 shrink-0 text-ink-3">
              {message.type === "send" ? "sent" : "got"}
            </span>
            <span className="min-w-0 break-all">{(message.data ?? "").slice(0, 2000)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
