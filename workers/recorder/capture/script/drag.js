// Drag and drop: the browser's own (dragstart, drop), and that which pages make of a pointer that moves while down.

// A page may prevent the browser's own drag and follow the pointer instead: then the pointer comes up as usual.
listen('dragstart', () => {
  if (!press || press.done) return;
  press.carried = true;
  report('dragstart', { element: press.description, position: pointIn(press.box, press.at) });
});

listen('drop', (event) => {
  const element = meant(targetOf(event));
  const description = describe(element);
  if (press && press.carried) reportReveal(press.reveal);
  report('drop', { element: description, position: pointIn(description.box, { x: event.clientX, y: event.clientY }) });
  acted();
});

listen('dragend', () => {
  if (press) press.done = true;
});

function pointIn(box, at) {
  return { x: Math.round(at.x - box.x), y: Math.round(at.y - box.y) };
}

// pointerDrag is what a pointer that moved while down did; null when it was no drag.
function pointerDrag(down, event) {
  if (!moved(down, event) || down.button !== 0 || selectsText(down) || isOwnKind(down.element)) return null;
  const at = { x: event.clientX, y: event.clientY };
  const stayed = sameBox(boxOf(down.element), down.box);
  if (stayed && down.element.matches('button,a,input,textarea,select,label')) return null;
  const onto = dropTarget(down, at, stayed);
  const to = describe(onto);
  return { element: down.description, position: pointIn(down.box, down.at), to, toPosition: pointIn(to.box, at) };
}

// selectsText says that the pointer marked text. What was marked before does not count: a page that drags keeps it.
function selectsText(down) {
  return isEditable(down.element) || marked() !== '' && marked() !== down.marked;
}

function marked() {
  const selection = document.getSelection();
  return selection && !selection.isCollapsed ? selection.toString().trim() : '';
}

function sameBox(a, b) {
  return Math.abs(a.x - b.x) < 2 && Math.abs(a.y - b.y) < 2;
}

// dropTarget is what is under the pointer, beneath the element that it carries or the picture of it that the page drew.
function dropTarget(down, at, stayed) {
  const drawn = [...down.added];
  const under = document.elementsFromPoint(at.x, at.y).filter((e) => !drawn.some((d) => contains(d, e)));
  const found = stayed ? under[0] : under.find((e) => !contains(down.element, e) && !contains(down.under, e));
  return meant(found || under[0] || document.body);
}
