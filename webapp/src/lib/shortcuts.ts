import { useEffect, useSyncExternalStore } from "react";
import { useStored } from "@/lib/hooks";
import { recall, remember } from "@/lib/storage";

/** One thing that a person can do from the keyboard; the palette and the help list the same ones. */
export interface Shortcut {
  /** One key, two in a row such as `g j`, or with Ctrl or ⌘ as `mod+z`. Empty: only in the palette. */
  keys: string;
  label: string;
  group: "Go to" | "This page" | "Everywhere";
  run(): void;
}

let registered: readonly Shortcut[] = [];
let singleKeys = recall("shortcuts") !== "off";
const listeners = new Set<() => void>();

function changed() {
  for (const tell of listeners) tell();
}

function subscribe(tell: () => void) {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

export function useRegistered(): readonly Shortcut[] {
  return useSyncExternalStore(subscribe, () => registered);
}

export function useSingleKeys(): boolean {
  return useSyncExternalStore(subscribe, () => singleKeys);
}

/** Single-key shortcuts can be in the way of speech input: they can be switched off. */
export function setSingleKeys(on: boolean) {
  singleKeys = on;
  remember("shortcuts", on ? "on" : "off");
  changed();
}

/** Offers shortcuts while the component is there. The set is read once; `run` is always the latest. */
export function useShortcuts(list: Shortcut[]) {
  const latest = useStored(list);
  const names = list.map((s) => `${s.keys}\n${s.label}\n${s.group}`).join("\n\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: names stands for the list
  useEffect(() => {
    const mine = latest.current.map((shortcut, i) => ({
      ...shortcut,
      run: () => latest.current[i]?.run(),
    }));
    registered = [...registered, ...mine];
    changed();
    return () => {
      registered = registered.filter((s) => !mine.includes(s));
      changed();
    };
  }, [latest, names]);
}

/** Listens on the document; the first key of a pair is remembered for a second. */
export function useShortcutKeys() {
  useEffect(() => {
    let first = "";
    let at = 0;
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.repeat) return;
      if (event.metaKey || event.ctrlKey) return pressWithMod(event);
      if (!singleKeys || event.altKey || typing(event)) return;
      const pair = event.timeStamp - at < 1000 ? `${first} ${event.key}` : event.key;
      const hit =
        registered.findLast((s) => s.keys === pair) ??
        registered.findLast((s) => s.keys === event.key);
      first = event.key;
      at = event.timeStamp;
      if (!hit) return;
      event.preventDefault();
      first = "";
      hit.run();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

// The palette opens from anywhere; every other one leaves text fields what is theirs.
function pressWithMod(event: KeyboardEvent) {
  const keys = `mod+${event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}`;
  const hit = registered.findLast((s) => s.keys === keys);
  if (!hit || event.altKey || (keys !== "mod+k" && typing(event))) return;
  event.preventDefault();
  hit.run();
}

const mac = /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? "");

/** A shortcut's keys as they stand on this machine's keyboard, one by one. */
export function keyNames(keys: string): string[] {
  const names: Record<string, string> = { mod: mac ? "⌘" : "Ctrl", shift: "Shift" };
  const one = (key: string) =>
    key.startsWith("mod+")
      ? key.split("+").map((part) => names[part] ?? part.toUpperCase())
      : [key];
  return keys.split(" ").filter(Boolean).flatMap(one);
}

function typing(event: KeyboardEvent): boolean {
  const target = event.target;
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest(
        "input:not([type=checkbox]):not([type=range]),textarea,select,[role=dialog]",
      ) !== null)
  );
}
