// What is known of an element: every way to find it with how many elements each finds, facts, and its surroundings.

let madeEngine;

// engine is Playwright's own selector engine; it is made when first needed, or when the page rests.
function engine() {
  if (!madeEngine) {
    // Its listeners serve Playwright's actions, not us; one of them dispatches an event that the page can see.
    InjectedScript.prototype._setupHitTargetInterceptors = () => {};
    InjectedScript.prototype._setupGlobalListenersRemovalDetection = () => {};
    madeEngine = new InjectedScript(window, false, 'javascript', config.testIdAttribute, 1, 'chromium', false, []);
  }
  return madeEngine;
}

const interactive = 'button,a[href],input,select,textarea,summary,option,label,[role=button],[role=link],[role=checkbox],' +
  '[role=radio],[role=switch],[role=tab],[role=menuitem],[role=menuitemcheckbox],[role=menuitemradio],[role=option],[role=treeitem]';

// meant is the element that a person means with what is under the pointer: the button, not the icon in it.
function meant(element) {
  if (isEditable(element)) return editableHost(element);
  const found = closest(element, interactive);
  if (found && engine().utils.isElementVisible(found)) return found;
  const drawing = outermostSVG(element);
  return drawing && (isSmall(drawing) || isBackground(element, drawing)) ? drawing : element;
}

function outermostSVG(element) {
  let svg = element.ownerSVGElement;
  while (svg && svg.ownerSVGElement) svg = svg.ownerSVGElement;
  return svg || null;
}

// isBackground says that a shape is a line of a grid, or fills its drawing: the drawing is what a person means.
function isBackground(shape, drawing) {
  const { width, height } = shape.getBoundingClientRect();
  const whole = drawing.getBoundingClientRect();
  return Math.min(width, height) < 3 || width * height > whole.width * whole.height / 2;
}

function isSmall(element) {
  const box = element.getBoundingClientRect();
  return box.width <= 48 && box.height <= 48;
}

// prepared is the description of the element on which the pointer rests, made ahead of the event that needs it.
let prepared = null;

function prepare(element) {
  if (element.getRootNode() !== document || prepared && prepared.element === element && prepared.version === domVersion) return;
  prepared = { element, version: domVersion, description: describeNow(element, restBudgetMs) };
}

function describe(element) {
  if (prepared && prepared.element === element && prepared.version === domVersion) {
    return { ...prepared.description, box: boxOf(element) };
  }
  return describeNow(element, budgetMs);
}

// describeNow runs with the engine's caches on: the same names and texts are asked for again and again.
function describeNow(element, budget) {
  const e = engine();
  e._evaluator.begin();
  beginAriaCaches();
  try {
    return describeCached(e, element, budget);
  } finally {
    endAriaCaches();
    e._evaluator.end();
  }
}

function describeCached(e, element, budget) {
  const secret = secretName(element);
  return {
    id: elementId(element),
    candidates: candidates(e, element, Boolean(secret) || isEditable(element), budget),
    facts: facts(e, element, secret),
    box: boxOf(element),
    aria: surroundings(e, element),
    secret: secret || undefined,
  };
}

function quoted(text) {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`;
}

const kept = ['id', 'name', 'type', 'class', 'href', 'src', 'placeholder', 'title', 'alt', 'aria-label', 'role', 'autocomplete', 'for', 'target', 'contenteditable', 'download', 'accept'];

// passing are attributes that say what an element happens to be at the moment, or what was typed.
const passing = /^(style|value|checked|selected|disabled|readonly|open|hidden|nonce|integrity|aria-(?!label).*)$/;

// isState says that a value is one of a few that an element goes through.
const isState = /^(true|false|on|off|open|closed|active|inactive|checked|unchecked|\d{1,2})$/;

// othersOf are the names of what else an element has: test ids of other kinds, what a framework does on a click, sizes.
function othersOf(element) {
  return [...element.attributes]
    .filter(({ name, value }) => value.length <= 100 && !passing.test(name) && !isState.test(value))
    .map(({ name }) => name)
    .filter((name) => !kept.includes(name) && name !== config.testIdAttribute)
    .slice(0, 12);
}

function facts(e, element, secret) {
  const attributes = {};
  for (const name of [...kept, config.testIdAttribute, ...(secret ? [] : othersOf(element))]) {
    const value = element.getAttribute(name);
    if (value) attributes[name] = trimmed(value, 300);
  }
  if (element instanceof HTMLInputElement && ['button', 'submit', 'reset', 'checkbox', 'radio'].includes(element.type)) {
    attributes.value = trimmed(element.value, 300);
  }
  const noText = secret || isEditable(element) || element instanceof HTMLSelectElement;
  return {
    tag: element.localName,
    role: e.utils.getAriaRole(element) || '',
    name: trimmed(e.utils.getElementAccessibleName(element, false), 300),
    text: noText ? '' : trimmed(elementText(e._evaluator._cacheText, element).normalized, 300),
    attributes,
    near: around(element),
    path: trailOf(element),
  };
}

const regions = 'form,dialog,[role=dialog],[role=alertdialog],[role=menu],[role=listbox],fieldset,section,article,nav,aside,header,footer,main,table,tr,ul,ol,li';

// surroundings is the aria snapshot of the largest small region around an element.
function surroundings(e, element) {
  let region = element;
  for (let p = parentOf(element); p; p = parentOf(p)) {
    if (p.getElementsByTagName('*').length > 60) break;
    if (p.matches(regions) || p === document.body) region = p;
  }
  return withoutSecrets(region, () => e.ariaSnapshot(region)).slice(0, 4000);
}

// withoutSecrets hides the values of secret fields from what runs within. A wrapper of an element belongs to this
// world alone: the page's own view of the field does not change.
function withoutSecrets(region, work) {
  const fields = region.matches('input,textarea') ? [region] : [...region.querySelectorAll('input,textarea')];
  const secret = fields.filter((field) => secretName(field));
  for (const field of secret) Object.defineProperty(field, 'value', { get: () => '', set() {}, configurable: true });
  try {
    return work();
  } finally {
    for (const field of secret) delete field.value;
  }
}
