import { Dialog, DialogBody } from "@/components/ui/dialog";
import { Kbd } from "@/components/ui/kbd";
import { keyNames, setSingleKeys, useRegistered, useSingleKeys } from "@/lib/shortcuts";

const groups = ["Go to", "This page", "Everywhere"] as const;

export default function Help({ onClose }: { onClose: () => void }) {
  const registered = useRegistered();
  const on = useSingleKeys();
  return (
    <Dialog open onClose={onClose} title="Keyboard shortcuts">
      <DialogBody>
        {groups.map((group) => {
          const list = registered.filter((s) => s.group === group && s.keys);
          if (list.length === 0) return null;
          return (
            <section key={group} className="mb-4">
              <h3 className="mb-1 text-xs font-semibold text-ink-3">{group}</h3>
              <dl>
                {list.map((shortcut) => (
                  <div
                    key={shortcut.keys + shortcut.label}
                    className="flex items-center justify-between gap-4 border-b border-line py-1.5 text-sm last:border-0"
                  >
                    <dt>{shortcut.label}</dt>
                    <dd className="flex gap-1">
                      {keyNames(shortcut.keys).map((key) => (
                        <Kbd key={key}>{key}</Kbd>
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          );
        })}
        <label className="mb-3 flex items-center gap-2 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-(--focus)"
            checked={on}
            onChange={(event) => setSingleKeys(event.target.checked)}
          />
          Single-key shortcuts (switch off when they get in the way of speech input)
        </label>
      </DialogBody>
    </Dialog>
  );
}
