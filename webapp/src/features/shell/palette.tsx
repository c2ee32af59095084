import { useNavigate } from "@tanstack/react-router";
import { clsx } from "clsx";
import { type KeyboardEvent, useId, useState } from "react";
import { Dialog } from "@/components/ui/dialog";
import { Kbd } from "@/components/ui/kbd";
import { keyNames, type Shortcut, useRegistered } from "@/lib/shortcuts";

/** Everything the keyboard can do, by name, and a way to any job by its id or words. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const list = useId();
  const commands = useCommands(text.trim());
  const at = Math.min(active, commands.length - 1);

  const run = (command: Shortcut | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setActive((at + step + commands.length) % Math.max(1, commands.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(commands[at]);
    }
  };

  return (
    <Dialog open onClose={onClose} title="Commands" bare>
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={at >= 0 ? `${list}-${at}` : undefined}
        aria-label="Command, job id or words to search for"
        className="h-12 w-full rounded-t-lg border-b border-line bg-transparent px-4 text-base outline-none"
        placeholder="Command, job id or words to search for"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={press}
      />
      <div
        id={list}
        role="listbox"
        aria-label="Commands"
        className="max-h-80 overflow-y-auto p-1.5"
      >
        {commands.map((command, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input moves through the list and runs it
          <div
            key={`${command.keys} ${command.label}`}
            id={`${list}-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === at}
            ref={
              i === at ? (element) => element?.scrollIntoView?.({ block: "nearest" }) : undefined
            }
            className={clsx(
              "flex cursor-pointer items-center gap-3 rounded-md px-2.5 py-1.5 text-sm",
              i === at && "bg-well",
            )}
            onClick={() => run(command)}
          >
            <span className="grow truncate">{command.label}</span>
            <span className="text-xs text-ink-3">{command.group}</span>
            {keyNames(command.keys).map((key) => (
              <Kbd key={key}>{key}</Kbd>
            ))}
          </div>
        ))}
      </div>
      {commands.length === 0 && <p className="px-4 py-3 text-sm text-ink-2">Nothing fits.</p>}
    </Dialog>
  );
}

function useCommands(text: string): Shortcut[] {
  const navigate = useNavigate();
  const registered = useRegistered();
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = registered.filter(
    (s) => s.keys !== "mod+k" && words.every((word) => s.label.toLowerCase().includes(word)),
  );
  const order = ["Go to", "This page", "Everywhere"];
  fitting.sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
  if (!text) return fitting;
  const more: Shortcut[] = [];
  if (/^[A-Za-z0-9_-]{6,64}$/.test(text)) {
    more.push({
      keys: "",
      label: `Open job ${text}`,
      group: "Go to",
      run: () => navigate({ to: "/jobs/$jobId", params: { jobId: text } }),
    });
  }
  more.push({
    keys: "",
    label: `Search jobs for “${text}”`,
    group: "Go to",
    run: () => navigate({ to: "/jobs", search: { q: text } }),
  });
  return [...fitting, ...more];
}
