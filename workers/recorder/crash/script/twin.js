// A similar element beside the element, and the element taken away.

operators.twinBefore = (element, random) => {
  const twin = twinOf(element, random);
  if (twin) wholeOf(element).before(twin);
  return Boolean(twin);
};

operators.twinAfter = (element, random) => {
  const twin = twinOf(element, random);
  if (twin) wholeOf(element).after(twin);
  return Boolean(twin);
};

// remove takes the element away.
operators.remove = (element) => {
  if (isWhole(element)) return false;
  element.remove();
  return true;
};

// replace takes the element away and leaves a similar one in its place.
operators.replace = (element, random) => {
  const twin = twinOf(element, random);
  if (twin) wholeOf(element).replaceWith(twin);
  return Boolean(twin);
};

// twinOf is an element of the same make for another purpose: it looks the same, but whatever says which one it is says
// something else. Null when nothing does, because then it would be as good as the element.
function twinOf(element, random) {
  if (isWhole(element)) return null;
  const whole = wholeOf(element);
  const at = [whole, ...whole.querySelectorAll("*")].indexOf(element);
  const twin = whole.cloneNode(true);
  const parts = [twin, ...twin.querySelectorAll("*")];
  const other = random() < 0.5 ? longer : reworded;
  let told = reword(twin, (text) => other(text, random));
  for (const e of parts) {
    for (const { name, value } of [...e.attributes]) {
      if (!value || !distinguishes(e, name, value)) continue;
      e.setAttribute(name, /\s/.test(value) || spoken.includes(name) ? other(value, random) : `${value}-${hash(random)}`);
      told ||= e === parts[at];
    }
  }
  return told ? twin : null;
}

// wholeOf is the label around a field, which no two fields share, or the element.
function wholeOf(element) {
  const label = element.closest("label");
  return label && label.control === element ? label : element;
}

const spoken = ["placeholder", "title", "alt", "aria-label"];

// distinguishes says that an attribute tells one element from others of its make.
function distinguishes(e, name, value) {
  if (name === "href") return !/^(#|javascript:.*)?$/.test(value);
  if (name === "value") return e.matches("input[type=radio],input[type=checkbox],option");
  if (/^(onclick|action|formaction|@click|hx-.*|(ng-|wire:|x-on:|v-on:)click)$/.test(name)) return true;
  return spoken.includes(name) || name.startsWith("data-") || ["id", "name", "for", "src", "aria-labelledby", "aria-controls"].includes(name);
}
