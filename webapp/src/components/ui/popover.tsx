import { clsx } from "clsx";
import { Popover as Radix } from "radix-ui";
import type { ReactNode } from "react";

export function Popover({
  trigger,
  label,
  children,
  className,
  align = "start",
}: {
  trigger: ReactNode;
  label: string;
  children: ReactNode;
  className?: string;
  align?: "start" | "end";
}) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className={clsx(
            "scroll-thin z-30 max-h-(--radix-popover-content-available-height) overflow-y-auto rounded-lg border border-line bg-panel p-2 shadow-pop",
            "animate-[rise_120ms_ease-out]",
            className,
          )}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
