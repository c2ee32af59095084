// What the operators share. An operator is (element, random) => whether it could be applied; it changes the document.
const operators = {};

// seeded is a generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32).
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function pick(list, random) {
  return list[Math.floor(random() * list.length)];
}

// hash is a name as build tools make them.
function hash(random) {
  return Math.floor(random() * 36 ** 6).toString(36).padStart(6, "0");
}

const wordings = ["Proceed", "Amber lantern", "Harbour view", "Quiet river", "Copper kettle", "Winter garden"];

// reworded is other wording of the same capitalisation and no word in common with the text.
function reworded(text, random) {
  const own = text.toLowerCase();
  const fit = wordings.filter((w) => !w.toLowerCase().split(" ").some((part) => own.includes(part)));
  const words = pick(fit, random);
  return text === own ? words.toLowerCase() : words;
}

// longer is the text with a word more, as similar controls beside each other are called: Delete, Delete all.
function longer(text, random) {
  return `${text.trim()} ${pick(["all", "as draft", "and close", "elsewhere"], random)}`;
}

const unspoken = "script,style,noscript,template,title";

// textsOf are the text nodes in an element that a person may see.
function textsOf(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (/\p{L}|\p{N}/u.test(walker.currentNode.data) && !parent.closest(unspoken)) found.push(walker.currentNode);
  }
  return found;
}

function isButtonInput(element) {
  return element.localName === "input" && ["submit", "button", "reset"].includes(element.type);
}

// reword changes all visible text of an element; false when it has none.
function reword(element, change) {
  const texts = textsOf(element);
  for (const text of texts) text.data = change(text.data);
  if (!isButtonInput(element) || !element.value) return texts.length > 0;
  element.setAttribute("value", change(element.value));
  return true;
}

// isWhole says that an element stands for the whole page, whose place nothing else can take.
function isWhole(element) {
  return element === document.documentElement || element === document.body;
}
