import { clsx } from "clsx";
import { DropdownMenu } from "radix-ui";
import { Button } from "./button";
import type { MenuEntry, MenuProps } from "./menu";

/** The menu itself, open as soon as it is there. */
export default function MenuList({ label, icon: Icon, look, className, entries }: MenuProps) {
  return (
    <DropdownMenu.Root modal={false} defaultOpen>
      <DropdownMenu.Trigger asChild>
        <Button look={look} size="icon" className={className} aria-label={label}>
          <Icon aria-hidden="true" />
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="z-30 min-w-44 rounded-lg border border-line bg-panel p-1 shadow-pop"
        >
          {entries.map((entry, i) =>
            entry ? (
              <Entry key={entry.label} entry={entry} />
            ) : (
              <DropdownMenu.Separator key={i} className="my-1 border-t border-line" />
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Entry({ entry }: { entry: MenuEntry }) {
  const { label, icon: Icon, disabled, danger } = entry;
  const look = clsx(
    "flex cursor-pointer items-center gap-2.5 rounded-md px-2 py-1.5 text-sm outline-none",
    "data-disabled:cursor-not-allowed data-disabled:opacity-50 data-highlighted:bg-well",
    "[&_svg]:size-4",
    danger ? "text-danger" : "[&_svg]:text-ink-3",
  );
  if ("href" in entry) {
    return (
      <DropdownMenu.Item asChild>
        <a href={entry.href} download={entry.download} className={look}>
          <Icon aria-hidden="true" /> {label}
        </a>
      </DropdownMenu.Item>
    );
  }
  return (
    <DropdownMenu.Item disabled={disabled} onSelect={entry.run} className={look}>
      <Icon aria-hidden="true" /> {label}
    </DropdownMenu.Item>
  );
}
