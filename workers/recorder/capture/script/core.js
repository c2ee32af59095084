// The base of the capture script: it runs in a world of its own, where it sees the page's DOM and the page sees
// nothing of it. It must never change the DOM, set a page's global or throw into a page's event.

// recorder is the way out: a binding that exists in this world only. The call leaves the page before it returns, so
// that nothing is lost when the page goes away right after.
const recorder = globalThis[config.binding];

// documentId tells documents of one frame apart.
const documentId = Math.random().toString(36).slice(2, 10);

const elementIds = new WeakMap();
let lastElementId = 0;

// elementId is a number that stays with an element as long as it lives.
function elementId(element) {
  if (!elementIds.has(element)) elementIds.set(element, ++lastElementId);
  return elementIds.get(element);
}

// report sends one message about the page as it is now.
function report(kind, details) {
  const message = {
    kind,
    doc: documentId,
    url: location.href,
    title: document.title,
    viewport: { width: innerWidth, height: innerHeight },
    costMs: spent + (handlerStarted && performance.now() - handlerStarted),
    ...details,
  };
  recorder(JSON.stringify(message));
  spent = 0;
  if (handlerStarted) handlerStarted = performance.now();
}

// What a message cost the page: all handlers of events since the one before.
let handlerStarted = 0; // 0 outside of a handler
let spent = 0;

// guarded wraps what the browser calls: a fault of ours is reported and never reaches the page.
function guarded(handler) {
  return (event) => {
    try {
      handler(event);
    } catch (error) {
      report('fault', { text: String(error && error.stack || error).slice(0, 2000) });
    }
  };
}

// timed wraps what runs while the page waits.
function timed(handler) {
  return (event) => {
    handlerStarted = performance.now();
    handler(event);
    spent += performance.now() - handlerStarted;
    handlerStarted = 0;
  };
}

const listeners = [];

// listen handles an event of a person, before any handler of the page.
function listen(type, handler) {
  const begins = type === 'keydown' || type === 'pointerdown';
  const acts = begins || ['keyup', 'pointerup', 'click', 'auxclick', 'contextmenu', 'drop'].includes(type);
  const wrapped = guarded(timed((event) => {
    if (!event.isTrusted) return;
    if (begins) closeTask();
    if (acts) openTask();
    handler(event);
  }));
  listeners.push([type, wrapped]);
}

// listenAny handles also what scripts dispatch: a driver sets selects, dates and files that way.
function listenAny(type, handler) {
  listeners.push([type, guarded(timed(handler))]);
}

function addListeners() {
  for (const [type, wrapped] of listeners) window.addEventListener(type, wrapped, { capture: true, passive: true });
}

// A task is what the browser does for one input of a person: its events and their default actions. What can only be
// judged afterwards (did the click change the checkbox?) waits for its end.
let taskOpen = false;
const waiting = [];
const channel = new MessageChannel();
channel.port1.onmessage = guarded(closeTask);

function openTask() {
  taskOpen = true;
  channel.port2.postMessage(0);
}

function afterTask(work) {
  waiting.push(work);
  channel.port2.postMessage(0);
}

function closeTask() {
  taskOpen = false;
  for (const work of waiting.splice(0)) work();
}

// The element an event is about, also inside open shadow trees.
function targetOf(event) {
  const first = event.composedPath()[0];
  if (first instanceof Element) return first;
  return first && first.parentElement || document.documentElement;
}

function parentOf(element) {
  if (element.assignedSlot) return element.assignedSlot;
  if (element.parentElement) return element.parentElement;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

// closest is Element.closest across shadow roots.
function closest(element, selector) {
  for (let e = element; e; e = parentOf(e)) if (e.matches(selector)) return e;
  return null;
}

function contains(outer, inner) {
  for (let e = inner; e; e = parentOf(e)) if (e === outer) return true;
  return false;
}

function modifiersOf(event) {
  const pressed = [];
  if (event.altKey) pressed.push('Alt');
  if (event.ctrlKey) pressed.push('Control');
  if (event.metaKey) pressed.push('Meta');
  if (event.shiftKey) pressed.push('Shift');
  return pressed;
}

function boxOf(element) {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x, y, width, height };
}

function trimmed(text, most) {
  const plain = (text || '').replace(/\s+/g, ' ').trim();
  return plain.length > most ? plain.slice(0, most - 1) + '…' : plain;
}
