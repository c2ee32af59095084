// Ways to find an element, and what each finds. They are in Playwright's selector language and mean what its engine
// means by them, but are counted without it: on a page of some thousand elements the engine takes half a second for
// what must not be felt.

// A way is {by, selector, find}: find(scope) lists what it finds in an element, or in the document without one.

// While an event waits there are a few milliseconds; a pointer at rest leaves more.
const { budgetMs } = config;
const restBudgetMs = Math.max(100, budgetMs);

let shadowRoots = [];
let shadowsAt = -Infinity;

// roots are the trees to look into: the document, or an element, and the open shadow trees in it.
function roots(scope) {
  const now = performance.now();
  if (now - shadowsAt > 250) {
    shadowsAt = now;
    shadowRoots = [];
    for (let list = [document]; list.length;) {
      const inner = list.flatMap((root) => [...root.querySelectorAll('*')].map((e) => e.shadowRoot).filter(Boolean));
      shadowRoots.push(...inner);
      list = inner;
    }
  }
  if (!scope) return [document, ...shadowRoots];
  return [scope, ...shadowRoots.filter((root) => contains(scope, root.host))];
}

function all(scope, css) {
  return roots(scope).flatMap((root) => [...root.querySelectorAll(css)]);
}

function plain(text) {
  return (text || '').replace(/[\u200b\u00ad]/g, '').trim().replace(/\s+/g, ' ');
}

// longestWord is what a cheap look for a text goes by.
function longestWord(text) {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) || []).reduce((a, b) => (b.length > a.length ? b : a), '');
}

function byTestId(value) {
  const name = config.testIdAttribute;
  return {
    by: 'testid',
    selector: `internal:testid=[${name}=${quoted(value)}s]`,
    find: (scope) => all(scope, `[${name}]`).filter((e) => e.getAttribute(name) === value),
  };
}

function byAttribute(by, value) {
  const wanted = value.toLowerCase();
  return {
    by,
    selector: `internal:attr=[${by}=${quoted(value)}i]`,
    find: (scope) => all(scope, `[${by}]`).filter((e) => e.getAttribute(by).toLowerCase().includes(wanted)),
  };
}

function byCSS(selector) {
  return { by: 'css', selector, find: (scope) => all(scope, selector) };
}

const tagsOfRole = {
  button: 'button,input,summary', link: 'a,area', textbox: 'input,textarea', searchbox: 'input', spinbutton: 'input',
  slider: 'input', checkbox: 'input', radio: 'input', combobox: 'input,select', listbox: 'select,datalist', option: 'option',
  heading: 'h1,h2,h3,h4,h5,h6', img: 'img,svg', list: 'ul,ol,menu', listitem: 'li', row: 'tr', cell: 'td', gridcell: 'td',
  columnheader: 'th', rowheader: 'th', table: 'table', paragraph: 'p', navigation: 'nav', main: 'main', article: 'article',
  dialog: 'dialog', form: 'form', region: 'section', group: 'fieldset,details,optgroup', status: 'output',
};

// remembered keeps what a way finds in the whole document.
function remembered(find) {
  let whole = null;
  return (scope) => (scope ? find(scope) : (whole ||= find(null)));
}

// byRole looks for a role, whatever its name.
function byRole(e, role) {
  return {
    by: 'role',
    selector: `internal:role=${role}`,
    find: remembered((scope) => ofRole(scope, role).filter((found) => e.utils.getAriaRole(found) === role && !isElementHiddenForAria(found))),
  };
}

function ofRole(scope, role) {
  return all(scope, tagsOfRole[role] ? `${tagsOfRole[role]},[role]` : '*');
}

// glyphs are the letters of icon fonts.
const glyphs = /[\ue000-\uf8ff]/g;

// byRoleAndName are two ways: the name as a part of the element's, and exactly.
function byRoleAndName(e, role, name, element) {
  const spoken = plain(name.replace(glyphs, ' ')) || name;
  const wanted = plain(name);
  const word = nameHints(element).includes(longestWord(wanted)) ? longestWord(wanted) : '';
  const nameOf = (found) => plain(e.utils.getElementAccessibleName(found, false));
  const isNamed = (found) => mayBeNamed(found, word) && e.utils.getAriaRole(found) === role &&
    !isElementHiddenForAria(found) && nameOf(found).toUpperCase().includes(spoken.toUpperCase());
  const part = remembered((scope) => ofRole(scope, role).filter(isNamed));
  const selector = (text, how) => `internal:role=${role}[name=${quoted(text)}${how}]`;
  return [
    { by: 'role', selector: selector(spoken, 'i'), find: part },
    { by: 'role', selector: selector(name, 's'), find: (scope) => part(scope).filter((found) => nameOf(found) === wanted) },
  ];
}

// nameHints is text from which an element's name is usually made.
function nameHints(element) {
  const own = ['aria-label', 'title', 'alt', 'value', 'placeholder'].map((name) => element.getAttribute(name) || '');
  return [element.textContent, ...own, labelText(element)].join(' ').toLowerCase();
}

// mayBeNamed is a cheap no for most elements; a yes means that the name has to be looked at.
function mayBeNamed(element, word) {
  if (!word || element.textContent.toLowerCase().includes(word)) return true;
  if (nameHints(element).includes(word) || element.hasAttribute('aria-labelledby')) return true;
  return element.firstElementChild !== null && element.querySelector('[aria-label],[aria-labelledby],[title],img,input,svg') !== null;
}

let labelTexts = new Map();
let labelsAt = -Infinity;

// labelText is the text of a field's labels. The browser's own list is made anew for each field, which takes as long
// as the document.
function labelText(element) {
  if (performance.now() - labelsAt > 250) {
    labelsAt = performance.now();
    labelTexts = new Map();
    for (const label of all(null, 'label')) {
      if (label.control) labelTexts.set(label.control, `${labelTexts.get(label.control) || ''} ${label.textContent}`);
    }
  }
  return labelTexts.get(element) || '';
}

function byLabel(e, text) {
  const wanted = text.toLowerCase();
  const word = longestWord(text);
  const named = (found) => getElementLabels(e._evaluator._cacheText, found).some((label) => label.normalized.toLowerCase().includes(wanted));
  return {
    by: 'label',
    selector: `internal:label=${JSON.stringify(text)}i`,
    find: (scope) => all(scope, '[aria-label],[aria-labelledby],input,select,textarea,button,meter,output,progress').filter((found) => {
      const hint = `${found.getAttribute('aria-label') || ''} ${labelText(found)}`.toLowerCase();
      return (hint.includes(word) || found.hasAttribute('aria-labelledby')) && named(found);
    }),
  };
}

// byText are two ways to the innermost elements that hold a text: as a part of theirs, and exactly.
function byText(e, text) {
  const wanted = text.toLowerCase();
  const word = longestWord(text) || wanted;
  const textOf = (found) => elementText(e._evaluator._cacheText, found).normalized;
  const holds = (found) => textOf(found).toLowerCase().includes(wanted);
  const part = remembered((scope) => {
    const found = [];
    for (const root of roots(scope)) for (const child of root.children) gatherHolders(child, word, holds, found);
    const buttons = all(scope, 'input[type=submit],input[type=button]').filter(holds);
    return found.filter((holder) => !buttons.some((button) => contains(holder, button))).concat(buttons);
  });
  return [
    { by: 'text', selector: `internal:text=${JSON.stringify(text)}i`, find: part },
    { by: 'text', selector: `internal:text=${JSON.stringify(text)}s`, find: (scope) => part(scope).filter((found) => textOf(found) === text) },
  ];
}

// gatherHolders adds the innermost holders in an element, and says whether the element is or has one.
function gatherHolders(element, word, holds, found) {
  if (['HEAD', 'SCRIPT', 'NOSCRIPT', 'STYLE'].includes(element.nodeName)) return false;
  if (!element.textContent.toLowerCase().includes(word)) return false;
  let inner = false;
  for (const child of element.children) inner = gatherHolders(child, word, holds, found) || inner;
  if (inner) return true;
  if (!holds(element)) return false;
  found.push(element);
  return true;
}

// simpleWays are those that go by the element alone, the best first.
function simpleWays(e, element, noText) {
  const attribute = (name) => element.getAttribute(name);
  const ways = [];
  if (attribute(config.testIdAttribute)) ways.push(byTestId(attribute(config.testIdAttribute)));
  const role = e.utils.getAriaRole(element);
  const name = role && e.utils.getElementAccessibleName(element, false);
  if (name && name.length <= 150) ways.push(...byRoleAndName(e, role, name, element));
  for (const label of getElementLabels(e._evaluator._cacheText, element)) {
    if (label.normalized) ways.push(byLabel(e, label.normalized));
  }
  for (const by of ['placeholder', 'alt']) if (attribute(by)) ways.push(byAttribute(by, attribute(by)));
  const text = noText || element instanceof HTMLSelectElement ? '' : elementText(e._evaluator._cacheText, element).normalized;
  if (text && text.length <= 120) ways.push(...byText(e, text));
  if (attribute('title')) ways.push(byAttribute('title', attribute('title')));
  if (role && !name && !['none', 'presentation', 'generic'].includes(role)) ways.push(byRole(e, role));
  return ways;
}

const containers = ['row', 'listitem', 'article', 'group', 'region', 'dialog', 'alertdialog', 'form', 'navigation', 'tabpanel', 'menu', 'list', 'table', 'main', 'banner', 'contentinfo', 'complementary'];

// scopedWays look in the nearest ancestor that can be found without doubt: "Open" in the row of Ada.
function scopedWays(e, element, ways, inTime) {
  let depth = 0;
  for (let outer = parentOf(element); outer && depth < 8 && inTime(); outer = parentOf(outer), depth++) {
    for (const container of containerWays(e, outer)) {
      const found = container.find(null);
      if (found.length !== 1 || found[0] !== outer) continue;
      const inner = ways.filter((way) => isOnly(way.find(outer), element));
      if (inner.length) return inner.map((way) => ({ by: way.by, selector: `${container.selector} >> ${way.selector}`, matches: 1 }));
    }
  }
  return [];
}

function isOnly(found, element) {
  return found.length === 1 && found[0] === element;
}

function containerWays(e, outer) {
  const ways = [];
  const testId = outer.getAttribute(config.testIdAttribute);
  if (testId) ways.push(byTestId(testId));
  if (outer.id && !looksMade(outer.id)) ways.push(byCSS(`#${CSS.escape(outer.id)}`));
  const role = e.utils.getAriaRole(outer);
  if (!containers.includes(role)) return ways;
  const name = e.utils.getElementAccessibleName(outer, false);
  if (name && name.length <= 100) ways.push(byRoleAndName(e, role, name, outer)[0]);
  else if (!name) ways.push(...byOwnText(e, outer, role));
  return ways;
}

// byOwnText finds a list item or the like by the text in it.
function byOwnText(e, outer, role) {
  const text = elementText(e._evaluator._cacheText, outer).normalized;
  if (!text || text.length > 80) return [];
  const every = byRole(e, role);
  const word = longestWord(text);
  const holds = (found) => found.textContent.toLowerCase().includes(word) &&
    elementText(e._evaluator._cacheText, found).normalized.toLowerCase().includes(text.toLowerCase());
  return [{
    by: 'text',
    selector: `${every.selector} >> internal:has-text=${JSON.stringify(text)}i`,
    find: (scope) => every.find(scope).filter(holds),
  }];
}

// looksMade says that an id or class is likely another one the next time.
function looksMade(name) {
  return /\d{3,}|[:]|^[a-z]*[-_]?[0-9a-f]{8,}$|^(ember|react|radix|mui|ext)[-_:]?\w*\d/i.test(name);
}

// cssWays go by id, name and class, and by the place in the tree.
function cssWays(e, element) {
  const tag = CSS.escape(element.localName);
  const tries = [];
  if (element.id) tries.push(`#${CSS.escape(element.id)}`);
  const name = element.getAttribute('name');
  if (name) tries.push(`${tag}[name=${quoted(name)}]`);
  const classes = [...element.classList].filter((c) => !looksMade(c)).slice(0, 4);
  if (classes.length) tries.push(`${tag}.${classes.map((c) => CSS.escape(c)).join('.')}`);
  const ways = tries.map(byCSS);
  if (!ways.some((way) => !looksMade(way.selector) && way.find(null).length === 1)) ways.push(byPlace(element));
  return ways;
}

// byPlace is the shortest path that finds the element alone.
function byPlace(element) {
  const root = element.getRootNode();
  let path = '';
  for (let at = element; at; at = at.parentElement) {
    const anchor = at !== element && at.id && !looksMade(at.id) ? `#${CSS.escape(at.id)}` : '';
    path = (anchor || placeAmongSiblings(at)) + (path && ' > ') + path;
    if (root.querySelectorAll(path).length === 1) break;
  }
  if (root instanceof ShadowRoot) {
    const host = byPlace(root.host);
    return { by: 'css', selector: `${host.selector} >> ${path}`, find: (scope) => host.find(scope).flatMap((h) => all(h, path)) };
  }
  return byCSS(path);
}

function placeAmongSiblings(element) {
  const tag = CSS.escape(element.localName);
  const same = element.parentElement ? [...element.parentElement.children].filter((e) => e.localName === element.localName) : [];
  return same.length > 1 ? `${tag}:nth-of-type(${same.indexOf(element) + 1})` : tag;
}

// xpath starts at the nearest id; there is none for elements in shadow trees, which XPath cannot enter.
function byXPath(element) {
  if (element.getRootNode() !== document) return [];
  const path = [];
  let at = element;
  for (; at; at = at.parentElement) {
    if (at.id && !at.id.includes('"') && !looksMade(at.id) && document.querySelectorAll(`#${CSS.escape(at.id)}`).length === 1) break;
    path.unshift(xpathStep(at));
  }
  const start = at ? `//*[@id="${at.id}"]` : '';
  return [{ by: 'xpath', selector: `xpath=${[start, ...path].join('/')}`, matches: 1 }];
}

function xpathStep(element) {
  const svg = element.namespaceURI !== 'http://www.w3.org/1999/xhtml';
  const test = svg ? `*[name()="${element.nodeName}"]` : element.localName;
  const parent = element.parentElement;
  if (!parent) return test;
  const same = [...parent.children].filter((e) => e.nodeName === element.nodeName);
  return same.length > 1 ? `${test}[${same.indexOf(element) + 1}]` : test;
}

// candidates are all ways with what they find, best first. When time runs out the rest is not counted, but for the
// first two.
function candidates(e, element, noText, budget) {
  const started = performance.now();
  const inTime = () => performance.now() - started < budget;
  const simple = simpleWays(e, element, noText);
  const list = [
    ...byXPath(element),
    ...cssWays(e, element).map((way) => counted(way, element, true)),
    ...simple.map((way, i) => counted(way, element, i < 2 || inTime())),
  ].filter(Boolean);
  if (!list.some((c) => c.matches === 1 && c.by !== 'css' && c.by !== 'xpath')) list.push(...scopedWays(e, element, simple, inTime));
  const seen = new Set();
  const unique = list.filter((c) => !seen.has(c.selector) && seen.add(c.selector));
  return unique.sort(byRank).slice(0, 20).map((c) => ({
    by: c.by, selector: c.selector, locator: e.utils.asLocator('javascript', c.selector), matches: c.matches,
  }));
}

// counted is a way with its matches; null when it does not find the element at all.
function counted(way, element, inTime) {
  if (!inTime) return { by: way.by, selector: way.selector, matches: -1 };
  const found = way.find(null);
  return found.includes(element) ? { by: way.by, selector: way.selector, matches: found.length } : null;
}

// The order of Playwright's own ranking; ways that match once come before those that match more.
const rank = ['testid', 'role', 'label', 'placeholder', 'alt', 'text', 'title', 'css', 'bare role', 'xpath'];

function rankOf(way) {
  return rank.indexOf(/^internal:role=[\w-]+$/.test(way.selector) ? 'bare role' : way.by);
}

function byRank(a, b) {
  return Number(b.matches === 1) - Number(a.matches === 1) || rankOf(a) - rankOf(b);
}
