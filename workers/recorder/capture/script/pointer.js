// Clicks. An element is described when the pointer goes down, because a click may remove it or leave the page.

// press is the pointer that is down, or has just gone up.
let press = null;

listen('pointerdown', (event) => {
  if (!event.isPrimary && event.pointerType !== 'mouse') return;
  finishFields(targetOf(event));
  press = newPress(event);
});

function newPress(event) {
  const under = targetOf(event);
  const element = meant(under);
  const description = describe(element);
  return {
    under, element, description,
    box: description.box,
    at: { x: event.clientX, y: event.clientY },
    position: positionIn(element, description.box, event),
    button: event.button,
    modifiers: modifiersOf(event),
    count: 1,
    done: false,
    marked: marked(),
    added: new Set(), // what came into the document meanwhile
    reveal: revealOf(element),
  };
}

// positionIn is where in the element it was pressed, when that matters: on a surface, or where the middle is not
// the element.
function positionIn(element, box, event) {
  if (!box.width || !box.height) return undefined;
  const surface = element.matches('canvas,svg,svg *,img[usemap],video,object,embed,html,body') ||
    !element.matches(interactive) && box.width > 200 && box.height > 200;
  if (!surface && middleHits(element, box)) return undefined;
  return { x: Math.round(event.clientX - box.x), y: Math.round(event.clientY - box.y) };
}

function middleHits(element, box) {
  const hit = deepest(box.x + box.width / 2, box.y + box.height / 2);
  return !hit || contains(element, hit) || contains(hit, element);
}

// deepest is the element at a point, also inside open shadow trees.
function deepest(x, y) {
  let found = null;
  for (let root = document; root;) {
    const inner = root.elementFromPoint(x, y);
    if (!inner || inner === found) break;
    found = inner;
    root = inner.shadowRoot;
  }
  return found;
}

listen('pointerup', (event) => {
  const down = press;
  if (!down || down.done || event.pointerType === 'touch') return; // a touch becomes a click later, or never
  pointer = { x: event.clientX, y: event.clientY };
  const drag = pointerDrag(down, event);
  if (drag) return reportDrag(down, drag);
  // No click follows when the element went away under the pointer: what was done is still a click.
  afterTask(() => {
    if (press === down && !down.done && !moved(down, event) && !isOwnKind(down.element)) reportClick(down, {});
  });
});

function reportDrag(down, drag) {
  down.done = true;
  reportReveal(down.reveal);
  report('drag', drag);
  acted();
}

function moved(down, event) {
  return Math.hypot(event.clientX - down.at.x, event.clientY - down.at.y) > 8;
}

listen('click', (event) => onClick(event));
listen('auxclick', (event) => {
  if (event.button === 1) onClick(event);
});
listen('contextmenu', (event) => {
  if (press && !press.done && press.button === 2) reportClick(press, { button: 'right' });
});

function onClick(event) {
  const target = targetOf(event);
  if (event.detail === 0 && fromKeyboard()) return; // the key is the step
  if (press && press.done) return; // the browser's own click on a label's field
  if (press) press.count = event.detail || 1;
  const down = press || newPress(event);
  if (moved(down, event) && selectsText(down)) return void (down.done = true);
  const box = checkable(down.element) || checkable(meant(target));
  if (box && isUsable(box)) return holdForCheck(down, box);
  if (box) down.switched = box;
  if (isOwnKind(down.element) || down.changed) {
    down.done = true;
    return;
  }
  if (!contains(target, down.element) && !contains(down.element, target)) return;
  reportClick(down, { button: event.button === 1 ? 'middle' : undefined });
}

// isOwnKind says that a click on the element only leads to another step: a choice, a date, a file.
function isOwnKind(element) {
  if (element instanceof HTMLSelectElement || element instanceof HTMLOptionElement) return true;
  const field = element instanceof HTMLLabelElement ? element.control : element;
  return field instanceof HTMLInputElement && ['range', 'color', 'date', 'time', 'datetime-local', 'month', 'week', 'file'].includes(field.type);
}

// checkable is the checkbox or radio button that a click on the element switches.
function checkable(element) {
  const field = element instanceof HTMLLabelElement ? element.control : element;
  return field instanceof HTMLInputElement && (field.type === 'checkbox' || field.type === 'radio') ? field : null;
}

// isUsable says that a checkbox can be clicked itself. Where a page paints its own, the label is what is used.
function isUsable(box) {
  const { width, height } = box.getBoundingClientRect();
  return width >= 4 && height >= 4 && isSeen(box);
}

// holdForCheck waits whether the click changes the box: then that is the step, otherwise the click is.
function holdForCheck(down, box) {
  down.done = true;
  const heldBox = box === down.element ? down.description : describe(box);
  held = { down, box, description: heldBox };
  afterTask(releaseHeld);
}

let held = null;

function releaseHeld() {
  if (held) reportClick(held.down, {});
  held = null;
}

function reportClick(down, { button }) {
  down.done = true;
  reportReveal(down.reveal);
  report('click', {
    element: down.description,
    button: button || ['left', 'middle', 'right'][down.button] || 'left',
    count: down.count,
    modifiers: down.modifiers,
    position: down.position,
  });
  acted();
}

// A page may leave while the pointer is down, or before the task has ended.
listenAny('pagehide', () => {
  if (press && !press.done && !press.carried && press.element.isConnected && !isOwnKind(press.element)) reportClick(press, {});
  closeTask();
});
