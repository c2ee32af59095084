// Keys that are steps of their own: not those that type.

let lastKeyAt = 0;

// fromKeyboard says that a click without a pointer comes from Enter or Space.
function fromKeyboard() {
  return performance.now() - lastKeyAt < 1000;
}

const modifierKeys = ['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'NumLock', 'Fn'];
const unknownKeys = ['Process', 'Dead', 'Unidentified', 'Compose'];

listen('keydown', (event) => {
  lastKeyAt = performance.now();
  if (event.isComposing || modifierKeys.includes(event.key) || unknownKeys.includes(event.key)) return;
  const target = targetOf(event);
  if (changesField(event, target)) return;
  if (event.key === 'Enter' && takesLines(target) && !commandOf(event)) return holdEnter(event, target);
  reportPress(pressOf(event, target));
});
listen('keyup', () => { lastKeyAt = performance.now(); });

function commandOf(event) {
  return (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState('AltGraph');
}

// changesField says that a key's effect is recorded as what the field holds afterwards.
function changesField(event, target) {
  const key = event.key;
  if (target instanceof HTMLSelectElement) return !['Tab', 'Escape'].includes(key) && !commandOf(event);
  if (target instanceof HTMLInputElement && !isTextInput(target)) return changesControl(key, target);
  if (!isEditable(target)) return false;
  if (commandOf(event)) return ['a', 'c', 'x', 'v', 'z', 'y', 'Backspace', 'Delete', 'ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(key.length === 1 ? key.toLowerCase() : key);
  if (key.length === 1 || ['Backspace', 'Delete', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'Insert'].includes(key)) return true;
  const upDown = ['ArrowUp', 'ArrowDown', 'PageUp', 'PageDown'].includes(key);
  return upDown && (takesLines(target) || target.type === 'number') && !target.getAttribute('aria-activedescendant');
}

function changesControl(key, input) {
  if (input.type === 'checkbox') return key === ' ';
  if (input.type === 'radio') return key === ' ' || key.startsWith('Arrow');
  if (['submit', 'button', 'reset', 'image', 'file'].includes(input.type)) return false;
  return !['Enter', 'Tab', 'Escape'].includes(key); // range, date, color
}

function takesLines(element) {
  return element instanceof HTMLTextAreaElement || !isField(element) && isEditable(element);
}

function pressOf(event, target) {
  const nowhere = (target === document.body || target === document.documentElement) && !isEditable(target);
  return {
    element: nowhere ? null : describe(isEditable(target) ? editableHost(target) : target),
    key: event.key === ' ' ? 'Space' : event.key,
    modifiers: event.key.length === 1 ? modifiersOf(event).filter((m) => m !== 'Shift' || commandOf(event)) : modifiersOf(event),
    reveal: nowhere ? null : revealOf(target),
  };
}

function reportPress({ reveal, ...details }) {
  reportReveal(reveal);
  report('press', details);
  endVisits();
  acted();
}

// holdEnter waits whether Enter makes a new line, or does what the page made of it.
let heldEnter = null;

function holdEnter(event, target) {
  heldEnter = pressOf(event, target);
  afterTask(() => {
    if (heldEnter) reportPress(heldEnter);
    heldEnter = null;
  });
}

listen('beforeinput', (event) => {
  if (event.inputType === 'insertLineBreak' || event.inputType === 'insertParagraph') heldEnter = null;
});
