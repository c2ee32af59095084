// compare says how an element is like the recorded one. Every sign has a weight and a likeness from 0 to 1.

// telling are attributes that tell an element from others of its make.
const telling = { id: 1.5, name: 1, placeholder: 1, title: 1, alt: 1, "aria-label": 1, href: 1, src: 0.5, for: 0.5, value: 1 };

function isTelling(name, value) {
  if (name === "href") return !/^(#|javascript:.*)?$/i.test(value);
  if (name === "id") return !looksMade(value);
  return name in telling || name.startsWith("data-") || doing.test(name);
}

// doing are attributes that say what an element does.
const doing = /^(onclick|action|formaction|@click|hx-.*|(ng-|wire:|x-on:|v-on:)click)$/;

// looksMade says that an id is likely another one the next time.
function looksMade(id) {
  return /\d{3,}|[:]|^[a-z]*[-_]?[0-9a-f]{8,}$|^(ember|react|radix|mui|ext)[-_:]?\w*\d/i.test(id);
}

const squeeze = (text) => (text || "").replace(/[\u200b\u00ad\ue000-\uf8ff]/g, "").replace(/\s+/g, " ").trim().toLowerCase();
const letters = (text) => squeeze(text).replace(/[^\p{L}\p{N}]/gu, "");
const wordsOf = (text) => text.match(/[\p{L}\p{N}]+/gu) || [];

// overlap is the share of words that two texts have in common.
function overlap(a, b) {
  const rest = wordsOf(b);
  const all = wordsOf(a).length + rest.length;
  let both = 0;
  for (const word of wordsOf(a)) {
    const i = rest.indexOf(word);
    if (i >= 0) both += rest.splice(i, 1).length;
  }
  return all ? (2 * both) / all : 0;
}

// wording is 1 for the same text, nearly that where only numbers or a count at the end differ, and little for a text
// that shares words: a button "Delete all" is not the button "Delete".
function wording(was, is) {
  if (was === is) return 1;
  if (/\p{L}{2}/u.test(was) && uncounted(was) === uncounted(is)) return 0.9;
  return overlap(was, is) / 2;
}

const uncounted = (text) => text.replace(/\s*\(\d+\)$|\s+\d+$/, "").replace(/\d+/g, "0");

// same is the least likeness of a sign that counts as the recorded one.
const same = 0.9;

const cut = (text) => text.slice(0, 299); // as facts are kept

// namesOf are the texts from which an element's accessible name may be made, and its own text.
function namesOf(element) {
  const attribute = (e, name) => e.getAttribute(name) || "";
  const names = ["aria-label", "alt", "title", "placeholder"].map((name) => attribute(element, name));
  for (const id of wordsOfIds(attribute(element, "aria-labelledby"))) {
    const label = element.getRootNode().getElementById?.(id);
    if (label) names.push(label.textContent);
  }
  for (const label of element.labels || []) names.push(label.textContent);
  if (element.localName === "input" && ["submit", "button", "reset"].includes(element.type)) names.push(element.value);
  if (element.getElementsByTagName("*").length > 2000) return spoken(names); // no control
  if (squeeze(element.textContent)) return spoken([...names, element.textContent]);
  for (const icon of element.querySelectorAll("img,svg,[role=img]")) {
    names.push(attribute(icon, "aria-label"), attribute(icon, "alt"), attribute(icon, "title"));
  }
  return spoken(names);
}

const spoken = (names) => names.map((name) => cut(squeeze(name))).filter(Boolean);

const wordsOfIds = (ids) => ids.split(/\s+/).filter(Boolean);

// spokenAs is how well a recorded text fits one of the names. White space between blocks is not always in both.
function spokenAs(text, names) {
  const was = cut(squeeze(text.replace(/…$/, "")));
  const bare = was.replace(/\s/g, "");
  return Math.max(0, ...names.map((name) => {
    const is = name.replace(/\s/g, "");
    return is === bare || (text.endsWith("…") && is.startsWith(bare)) ? 1 : wording(was, name);
  }));
}

// signsOf are [weight, likeness, whether it tells elements apart].
function signsOf(facts, element) {
  const signs = [];
  const names = namesOf(element);
  const { name = "", text = "", attributes = {} } = facts;
  if (squeeze(name)) signs.push([1.5, spokenAs(name, names), true]);
  if (squeeze(text) && letters(text) !== letters(name)) signs.push([name ? 1 : 1.5, spokenAs(text, names), true]);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") continue;
    const is = element.getAttribute(key);
    if (isTelling(key, value)) signs.push([telling[key] || 1.5, is === null ? 0 : wording(squeeze(value), cut(squeeze(is))), true]);
    else signs.push([0.25, Number(is === value), false]);
  }
  return signs;
}

// along is how well two trails agree: 1 for the same, 0 when less than half of their steps are in common.
function along(was, is) {
  if (was === is) return 1;
  const [a, b] = [was.split("/"), is.split("/")];
  let row = new Array(b.length + 1).fill(0);
  for (const step of a) {
    const next = [0];
    b.forEach((other, j) => next.push(step === other ? row[j] + 1 : Math.max(row[j + 1], next[j])));
    row = next;
  }
  return Math.max(0, (4 * row[b.length]) / (a.length + b.length) - 1);
}

// classes is the share of class names that two lists have in common.
function classes(was, element) {
  const names = new Set(was.split(/\s+/).filter((name) => name && !looksMade(name)));
  const is = [...element.classList].filter((name) => !looksMade(name));
  const both = is.filter((name) => names.has(name)).length;
  return both / Math.max(1, names.size + is.length - both);
}

const weigh = (signs) => signs.reduce((sum, [weight]) => sum + weight, 0);
const score = (signs) => signs.reduce((sum, [weight, like]) => sum + weight * like, 0) / weigh(signs);

// glance compares what takes no look around.
function glance({ facts, places }, element) {
  const signs = signsOf(facts, element);
  const tells = signs.filter(([, , tell]) => tell);
  const trail = facts.path ? along(facts.path, trailOf(element)) : -1;
  const seen = {
    telling: weigh(tells),
    told: weigh(tells.filter(([, like]) => like >= same)),
    class: facts.attributes?.class ? classes(facts.attributes.class, element) : -1,
    place: trail === 1 || places.includes(element),
  };
  if (seen.class >= 0) signs.push([1.2, seen.class]);
  if (trail >= 0) signs.push([0.6, trail]);
  signs.push([0.8, Number(seen.place)]);
  return { element, seen, signs };
}

// compare says all of an element.
function compare({ facts }, { element, seen, signs }) {
  const near = facts.near ? overlap(squeeze(facts.near), squeeze(around(element))) : -1;
  return {
    ...seen,
    near,
    score: score(near < 0 ? signs : [...signs, [1.5, near]]),
    tag: element.localName,
    text: element.textContent.slice(0, 2000),
    path: pathOf(element),
  };
}

// looked is how many elements a way leads to, and how the only one compares.
function looked(known, elements) {
  return [elements.length, elements.length === 1 ? compare(known, glance(known, elements[0])) : null];
}

// ranked are the two elements of the document that are most like the recorded one, of those that could be it. What
// takes longer is looked at only where a glance says that it may matter.
function ranked(known) {
  const alike = [...document.querySelectorAll(known.facts.tag)].map((element) => glance(known, element));
  const likely = alike.filter(({ seen }) => seen.told >= known.least * seen.telling);
  likely.sort((a, b) => score(b.signs) - score(a.signs));
  const seen = likely.slice(0, 100).map((one) => compare(known, one));
  return seen.sort((a, b) => b.score - a.score).slice(0, 2);
}

// pathOf is a way to an element as it is now; empty in a shadow tree, where such a path would not end.
function pathOf(element) {
  if (element.getRootNode() !== element.ownerDocument) return "";
  const path = [];
  for (let e = element; e.parentElement; e = e.parentElement) {
    path.unshift(`*:nth-child(${[...e.parentElement.children].indexOf(e) + 1})`);
  }
  return `css:light=${[":root", ...path].join(" > ")}`;
}

// placed are the elements to which the recorded paths lead alone.
function placed(paths) {
  const lookUp = (path) => {
    if (!path.startsWith("xpath=")) return [...document.querySelectorAll(path)];
    const all = document.evaluate(path.slice(6), document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
    return all.snapshotLength === 1 ? [all.snapshotItem(0)] : [];
  };
  return paths.flatMap((path) => {
    try {
      const found = lookUp(path);
      return found.length === 1 ? found : [];
    } catch {
      return []; // not CSS of the browser's own
    }
  });
}
