import { type RefObject, useRef } from "react";
import { keyCommand, leaveKeys, meaningOf } from "./input";
import type { StageCommand } from "./protocol";
import type { Stage } from "./stage";

/** The key code of a key that an input method has taken. */
const TAKEN = 229;

/**
 * Takes keys for the page: an unseen text field, because only a text field gets what is pasted, what an
 * input method composes and what a phone's keyboard types. Tab goes to the page as well; the way out is
 * said in its description.
 */
export function KeyCatcher({
  ref,
  stage,
  driving,
  onLeave,
}: {
  ref: RefObject<HTMLTextAreaElement | null>;
  stage: Stage;
  driving: boolean;
  onLeave: () => void;
}) {
  const held = useRef(new Map<string, React.KeyboardEvent>());
  const composing = useRef(false);
  const press = (event: React.KeyboardEvent) => {
    if (composing.current || event.nativeEvent.isComposing || event.keyCode === TAKEN) return;
    const meaning = meaningOf(event);
    if (meaning.to === "local") return;
    event.preventDefault();
    if (meaning.to === "leave") return onLeave();
    if (meaning.to === "address") return focusAddress();
    if (meaning.command.op === "key") held.current.set(event.code, { ...event });
    stage.send(meaning.command);
  };
  const release = (event: React.KeyboardEvent) => {
    if (held.current.delete(event.code)) stage.send(keyCommand("up", event));
  };
  // A key that is let go elsewhere would be held down in the page for ever.
  const releaseAll = () => {
    for (const event of held.current.values()) stage.send(keyCommand("up", event));
    held.current.clear();
  };
  const typed = (field: HTMLTextAreaElement, native: InputEvent) => {
    if (composing.current || native.isComposing) return;
    for (const command of typedCommands(native)) stage.send(command);
    field.value = "";
  };
  return (
    <textarea
      ref={ref}
      aria-label="Keyboard of the page"
      aria-description={`What is typed here goes to the page. Leave it with ${leaveKeys}.`}
      rows={1}
      autoCapitalize="off"
      autoComplete="off"
      autoCorrect="off"
      spellCheck={false}
      disabled={!driving}
      className="pointer-events-none absolute top-0 left-0 size-px resize-none overflow-hidden border-0 p-0 opacity-0 outline-none"
      onKeyDown={press}
      onKeyUp={release}
      onBlur={releaseAll}
      onPaste={(event) => {
        event.preventDefault();
        const text = event.clipboardData.getData("text/plain");
        if (text) stage.send({ op: "text", text });
      }}
      onCompositionStart={() => {
        composing.current = true;
      }}
      onCompositionUpdate={(event) => {
        const text = event.data;
        const end = text.length;
        stage.send({ op: "compose", text, selectionStart: end, selectionEnd: end });
      }}
      onCompositionEnd={(event) => {
        composing.current = false;
        event.currentTarget.value = "";
        if (event.data) stage.send({ op: "text", text: event.data });
        else stage.send({ op: "compose", text: "", selectionStart: 0, selectionEnd: 0 });
      }}
      onInput={(event) => typed(event.currentTarget, event.nativeEvent as InputEvent)}
    />
  );
}

export const addressId = "stage-address";

export function focusAddress() {
  const address = document.getElementById(addressId) as HTMLInputElement | null;
  address?.focus();
  address?.select();
}

/** A phone's keyboard says what it did to the text instead of which keys it pressed. */
function typedCommands({ inputType, data }: InputEvent): StageCommand[] {
  if (inputType === "deleteContentBackward") return tap("Backspace", 8);
  if (inputType === "insertLineBreak" || inputType === "insertParagraph") return tap("Enter", 13);
  return data ? [{ op: "text", text: data }] : [];
}

function tap(key: string, keyCode: number): StageCommand[] {
  const event = {
    ...{ key, code: key, keyCode, location: 0, repeat: false },
    ...{ altKey: false, ctrlKey: false, metaKey: false, shiftKey: false },
  };
  return [keyCommand("down", event), keyCommand("up", event)];
}
