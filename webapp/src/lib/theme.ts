import { useSyncExternalStore } from "react";
import { recall, remember } from "@/lib/storage";

export type ThemeChoice = "system" | "light" | "dark";

const listeners = new Set<() => void>();
let choice: ThemeChoice = asChoice(recall("theme"));

function asChoice(value: string | null): ThemeChoice {
  return value === "light" || value === "dark" ? value : "system";
}

function apply() {
  const dark =
    choice === "dark" ||
    (choice === "system" && window.matchMedia?.("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  for (const tell of listeners) tell();
}

/** Follows the system's change of theme while the choice is "system". Called once at start. */
export function watchSystemTheme() {
  window.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change", apply);
}

export function setTheme(next: ThemeChoice) {
  choice = next;
  remember("theme", next);
  apply();
}

function subscribe(tell: () => void) {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, () => choice);
}

/** The theme that is on screen; for canvases, which cannot use CSS variables by themselves. */
export function useTheme(): "light" | "dark" {
  return useSyncExternalStore(subscribe, () =>
    document.documentElement.dataset.theme === "dark" ? "dark" : "light",
  );
}
