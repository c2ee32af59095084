import { ChevronDown } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "./button";
import { Checkbox, Input } from "./field";
import { Popover } from "./popover";

export interface Option {
  value: string;
  label?: ReactNode;
}

/** A button that opens a list of checkboxes; with `free`, also what a person types. */
export function Pick({
  label,
  options,
  chosen,
  onChange,
  free,
}: {
  label: string;
  options: Option[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
  free?: { placeholder: string; valid?: (text: string) => boolean };
}) {
  const [text, setText] = useState("");
  const known = new Set(options.map((o) => o.value));
  const all = [...options, ...chosen.filter((c) => !known.has(c)).map((value) => ({ value }))];
  const toggle = (value: string) =>
    onChange(chosen.includes(value) ? chosen.filter((c) => c !== value) : [...chosen, value]);
  const valid = text.trim() !== "" && (free?.valid?.(text.trim()) ?? true);

  return (
    <Popover
      label={label}
      className="w-60"
      trigger={
        <Button>
          {label}
          {chosen.length > 0 && (
            <span className="num rounded-sm bg-ink px-1 text-2xs text-ground">{chosen.length}</span>
          )}
          <ChevronDown aria-hidden="true" className="text-ink-3" />
        </Button>
      }
    >
      <ul>
        {all.map((option: Option) => (
          <li key={option.value}>
            <label className="flex cursor-pointer items-center gap-2.5 rounded-md px-2 py-1 text-sm hover:bg-well">
              <Checkbox
                checked={chosen.includes(option.value)}
                onChange={() => toggle(option.value)}
              />
              <span className="min-w-0 truncate">{option.label ?? option.value}</span>
            </label>
          </li>
        ))}
      </ul>
      {free && (
        <form
          className="mt-1 flex gap-1 border-t border-line pt-2"
          onSubmit={(event) => {
            event.preventDefault();
            if (!valid) return;
            if (!chosen.includes(text.trim())) onChange([...chosen, text.trim()]);
            setText("");
          }}
        >
          <Input
            aria-label={`${label}: ${free.placeholder}`}
            placeholder={free.placeholder}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <Button type="submit" disabled={!valid}>
            Add
          </Button>
        </form>
      )}
    </Popover>
  );
}
