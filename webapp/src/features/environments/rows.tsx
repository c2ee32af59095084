import { Plus, X } from "lucide-react";
import { useId, useRef } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { type Row, row } from "./form";

/** One column of a table that is typed. */
export interface Column<T> {
  of: keyof T & string;
  label: string;
  placeholder: string;
}

/** A table that is typed, a line at a time: secrets, headers. */
export function Rows<T extends Record<keyof T & string, string>>({
  legend,
  one,
  hint,
  error,
  columns,
  empty,
  rows,
  onRows,
}: {
  legend: string;
  /** What a line is, in one word. */
  one: string;
  hint: string;
  error: string | undefined;
  columns: [Column<T>, Column<T>];
  empty: T;
  rows: Row<T>[];
  onRows: (rows: Row<T>[]) => void;
}) {
  const id = useId();
  const list = useRef<HTMLFieldSetElement>(null);
  const change = (at: Row<T>, part: Partial<T>) =>
    onRows(rows.map((r) => (r.id === at.id ? { ...r, value: { ...r.value, ...part } } : r)));
  const add = () => {
    onRows([...rows, row(empty)]);
    // The new line is drawn first.
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLInputElement>("div:last-of-type > input")?.focus(),
    );
  };
  return (
    <fieldset ref={list} aria-describedby={`${id}-hint`} className="flex min-w-0 flex-col gap-1.5">
      <legend className="mb-1 text-sm font-medium">{legend}</legend>
      {rows.map((line, i) => (
        <div key={line.id} className="flex gap-1.5">
          {columns.map((column, place) => (
            <Input
              key={column.of}
              aria-label={`${column.label} of ${one} ${i + 1}`}
              className={place === 0 ? "max-w-28 font-mono sm:max-w-40" : "font-mono"}
              autoComplete="off"
              spellCheck={false}
              placeholder={column.placeholder}
              value={line.value[column.of]}
              onChange={(event) => change(line, { [column.of]: event.target.value } as Partial<T>)}
            />
          ))}
          <Button
            look="quiet"
            size="icon"
            aria-label={`Remove ${one} ${i + 1}`}
            onClick={() => onRows(rows.filter((r) => r.id !== line.id))}
          >
            <X aria-hidden="true" />
          </Button>
        </div>
      ))}
      <Button size="sm" className="self-start" onClick={add}>
        <Plus aria-hidden="true" /> Add a {one}
      </Button>
      <p id={`${id}-hint`} className="text-xs text-ink-3">
        {hint}
      </p>
      {error && (
        <p role="alert" className="text-xs font-medium text-danger">
          {error}
        </p>
      )}
    </fieldset>
  );
}
