import type { LucideIcon } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { patient } from "@/lib/patient";
import { Button, type ButtonLook } from "./button";

/** An action, or with `href` a link; null is a line between groups. */
export type MenuEntry = {
  label: string;
  icon: LucideIcon;
  disabled?: boolean;
  danger?: boolean;
} & ({ run: () => void } | { href: string; download?: string });

export interface MenuProps {
  /** Names the button, which shows no more than its icon. */
  label: string;
  icon: LucideIcon;
  look?: ButtonLook;
  className?: string;
  entries: (MenuEntry | null)[];
}

const load = patient(() => import("./menu-list"));
const MenuList = lazy(load);

/** A button's menu of actions. What draws it is only loaded once somebody reaches for it. */
export function Menu(props: MenuProps) {
  const [wanted, setWanted] = useState(false);
  const { label, icon: Icon, look, className } = props;
  const button = (
    <Button
      look={look}
      size="icon"
      className={className}
      aria-label={label}
      aria-haspopup="menu"
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
      onClick={() => setWanted(true)}
    >
      <Icon aria-hidden="true" />
    </Button>
  );
  if (!wanted) return button;
  return (
    <Suspense fallback={button}>
      <MenuList {...props} />
    </Suspense>
  );
}
