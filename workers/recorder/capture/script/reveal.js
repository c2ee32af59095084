// Hovers and scrolls that mattered: an element that appeared because of one and was then used. And what newly appeared
// after a step, which may be worth an assertion.

// cause is what the person did last that is no step of its own, {kind, element, at}; null after a step.
let cause = null;

// revealedBy says to which hover or scroll an element owes that it is there.
const revealedBy = new WeakMap();

// hidden are elements worth using that cannot be seen now.
const hidden = new Set();
const mostHidden = 500;

let changed = true; // the DOM, since the last look
let domVersion = 0;
let lastStepAt = -Infinity;
const fresh = new Set(); // what appeared since the last step

const notable = '[role=alert],[role=alertdialog],[role=dialog],[role=status],dialog,[aria-live],output,h1,h2,h3';
const worthUsing = interactive + ',' + notable + ',li,[onclick]';

function isSeen(element) {
  return element.isConnected && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
}

// scan finds what is hidden now.
function scan() {
  for (const element of hidden) if (!element.isConnected) hidden.delete(element);
  for (const element of document.querySelectorAll(worthUsing)) {
    if (hidden.size >= mostHidden) return;
    if (!hidden.has(element) && !isSeen(element)) hidden.add(element);
  }
}

let scanPlanned = false;

function planScan() {
  if (scanPlanned) return;
  scanPlanned = true;
  setTimeout(() => whenIdle(guarded(() => {
    scanPlanned = false;
    look();
    scan();
  })), 300);
}

// look gives what came into sight since the last look to its cause.
function look() {
  changed = false;
  for (const element of hidden) {
    if (!isSeen(element)) continue;
    hidden.delete(element);
    appearedBecauseOf(element, cause);
  }
}

function appearedBecauseOf(element, why) {
  if (!why) {
    revealedBy.delete(element);
    noteFresh(element);
    return;
  }
  why.description ||= why.element && describe(why.element);
  revealedBy.set(element, why);
}

const patience = { hover: 300, scroll: 3000 };

// stillCause is the cause that a change of the DOM is put down to. Soon after a step a late change is rather its doing.
function stillCause() {
  const now = performance.now();
  const wait = cause && (now - lastStepAt > 2000 ? Math.max(patience[cause.kind], 1000) : patience[cause.kind]);
  return cause && now - cause.at < wait ? cause : null;
}

function onMutations(records) {
  changed = true;
  domVersion++;
  // document.open() takes all listeners away; to add one that is there does nothing.
  if (records.some((record) => record.target === document)) addListeners();
  const why = stillCause();
  let budget = 300;
  for (const record of records) {
    for (const node of record.addedNodes) {
      if (budget-- <= 0) break;
      const element = node instanceof Element ? node : record.target;
      if (!(element instanceof Element)) continue;
      if (press && !press.done) press.added.add(element);
      appearedBecauseOf(element, why);
    }
    if (record.type === 'characterData' && record.target.parentElement) noteFresh(record.target.parentElement);
  }
  planScan();
}

function observe() {
  new MutationObserver(guarded(onMutations)).observe(document, {
    subtree: true, childList: true, characterData: true, attributes: true,
    attributeFilter: ['class', 'style', 'hidden', 'open', 'aria-expanded', 'aria-hidden', 'data-state', 'aria-label', 'title', 'id', 'name', 'role'],
  });
  planScan();
}

let pointer = {};
let rest = 0; // the timer that notices a pointer at rest

listen('mouseover', (event) => {
  const still = event.clientX === pointer.x && event.clientY === pointer.y; // the page moved, not the pointer
  pointer = { x: event.clientX, y: event.clientY };
  if (event.buttons || still) return;
  if (changed) look(); // for the cause before
  cause = { kind: 'hover', element: meant(targetOf(event)), at: performance.now() };
  requestAnimationFrame(guarded(() => { look(); planScan(); }));
  const over = cause.element;
  clearTimeout(rest);
  rest = setTimeout(() => whenIdle(guarded(() => over.isConnected && prepare(over))), 60);
});

let wheelAt = -Infinity;
listen('wheel', () => { wheelAt = performance.now(); });
listen('touchmove', () => { wheelAt = performance.now(); });

listen('scroll', (event) => {
  if (performance.now() - wheelAt > 1000) return; // the page's own doing
  const inPage = event.target === document || event.target === document.scrollingElement;
  const element = inPage ? null : targetOf(event);
  const scroller = element || document.scrollingElement;
  if (!cause || cause.kind !== 'scroll' || cause.element !== element) {
    if (changed) look();
    cause = { kind: 'scroll', element };
  }
  Object.assign(cause, { at: performance.now(), scroll: { x: Math.round(scroller.scrollLeft), y: Math.round(scroller.scrollTop) } });
});

// revealOf lists the hovers and scrolls that an element owes it to be there, the first one first.
function revealOf(element) {
  if (changed || cause) look();
  const found = [];
  let at = element;
  for (let depth = 0; depth < 10; depth++) {
    const why = reasonFor(at, element);
    if (!why || found.includes(why)) break;
    found.unshift(why);
    if (!why.element) break;
    at = why.element;
  }
  return found.filter((why) => !why.told);
}

function reasonFor(element, used) {
  for (let e = element; e; e = parentOf(e)) {
    const why = revealedBy.get(e);
    if (why && !(why.kind === 'hover' && contains(used, why.element))) return why;
  }
  return null;
}

function reportReveal(reasons) {
  for (const why of reasons || []) {
    if (why.told) continue;
    why.told = true;
    report(why.kind, { element: why.description || null, scroll: why.scroll });
  }
}

// acted says that a step was reported: what appears from now on is its doing.
function acted() {
  cause = null;
  lastStepAt = performance.now();
  fresh.clear();
  afterTask(look);
}

// What appeared after a step.

let freshPlanned = 0;

function noteFresh(element) {
  if (performance.now() - lastStepAt > 3000 || fresh.size > 200) return;
  fresh.add(element);
  clearTimeout(freshPlanned);
  freshPlanned = setTimeout(guarded(reportFresh), 350);
}

function reportFresh() {
  const found = [...fresh].map(worthAsserting).filter(Boolean);
  fresh.clear();
  const texts = found.map((element) => trimmed(element.textContent, 200));
  reportAppeared(found.filter((_, i) => texts.indexOf(texts[i]) === i).slice(0, 3));
}

// worthAsserting is what a person would look for in something that appeared: a message or heading, or a short text.
function worthAsserting(element) {
  if (!isSeen(element)) return null;
  const message = closest(element, '[role=alert],[role=alertdialog],[role=dialog],[role=status],dialog,[aria-live],output') ||
    (element.matches('h1,h2,h3') ? element : element.querySelector(notable));
  const best = message || element;
  const text = trimmed(best.textContent, 200);
  return text && text.length <= (message ? 200 : 80) && !isEditable(best) && isSeen(best) ? best : null;
}

function reportAppeared(elements) {
  if (!elements.length) return;
  const appeared = elements.map((element) => {
    const text = trimmed(elementText(new Map(), element).normalized, 200);
    return { element: describe(element), claim: text.length <= 120 ? 'text' : 'visible', text };
  });
  report('appeared', { appeared });
}

// reportArrival suggests the heading of a document that a step led to.
function reportArrival() {
  const found = [...document.querySelectorAll('[role=alert],h1')].filter((e) => isSeen(e) && worthAsserting(e));
  reportAppeared(found.slice(0, 2));
}
