import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Input } from "@/components/ui/field";
import { useSettled, useStored } from "@/lib/hooks";
import { useShortcuts } from "@/lib/shortcuts";

/** A search that follows what is typed once it settles; `/` leads to it. */
export function SearchBox({
  name,
  label,
  placeholder,
  text,
  onText,
}: {
  /** What the shortcut is called. */
  name: string;
  label: string;
  placeholder: string;
  text: string;
  onText: (text: string) => void;
}) {
  const [typed, setTyped] = useState(text);
  const settled = useSettled(typed, 250);
  const box = useRef<HTMLInputElement>(null);
  const latest = useStored({ text, onText });
  const sent = useRef(text);
  useShortcuts([{ keys: "/", label: name, group: "This page", run: () => box.current?.focus() }]);
  // The URL wins when it changes by itself: a link, a chip, the back button.
  useEffect(() => {
    if (text !== sent.current) setTyped(text);
    sent.current = text;
  }, [text]);
  useEffect(() => {
    const next = settled.trim();
    if (next === latest.current.text) return;
    sent.current = next;
    latest.current.onText(next);
  }, [settled, latest]);
  return (
    <div className="relative w-56 shrink-0 sm:w-72">
      <Search className="absolute top-2 left-2.5 size-4 text-ink-3" aria-hidden="true" />
      <Input
        ref={box}
        type="search"
        aria-label={label}
        placeholder={placeholder}
        className="pl-8"
        value={typed}
        maxLength={200}
        onChange={(event) => setTyped(event.target.value)}
      />
    </div>
  );
}
