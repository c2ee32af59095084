// Names that a build, a framework or a programmer gives.

// ids gives every element another id; what refers to them follows.
operators.ids = (element, random) => {
  const names = renaming([...document.querySelectorAll("[id]")].map((e) => e.id), random);
  if (!names.size) return false;
  for (const e of document.querySelectorAll("*")) {
    if (e.id) e.id = names.get(e.id);
    for (const ref of ["for", "list", "form", "headers", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "aria-activedescendant"]) {
      const to = e.getAttribute(ref);
      if (to) e.setAttribute(ref, to.split(/\s+/).map((id) => names.get(id) || id).join(" "));
    }
    const href = e.getAttribute("href");
    if (href && href.startsWith("#") && names.has(href.slice(1))) e.setAttribute("href", `#${names.get(href.slice(1))}`);
  }
  renameInStyles("#", names);
  return true;
};

// classes gives every class another name, as a new build of a framework's hashes does.
operators.classes = (element, random) => {
  const names = renaming([...document.querySelectorAll("[class]")].flatMap((e) => [...e.classList]), random);
  if (!names.size) return false;
  for (const e of document.querySelectorAll("[class]")) {
    e.setAttribute("class", [...e.classList].map((name) => names.get(name)).join(" "));
  }
  renameInStyles(".", names);
  return true;
};

// testIds drops every attribute that was there for tests.
operators.testIds = (element) => {
  const attributes = ["data-testid", "data-test-id", "data-test", "data-cy", "data-qa"];
  const marked = (e) => attributes.some((name) => e.hasAttribute(name));
  let near = element;
  while (near && !marked(near)) near = near.parentElement;
  if (!near) return false;
  for (const e of document.querySelectorAll("*")) for (const name of attributes) e.removeAttribute(name);
  return true;
};

// attribute changes what one of the element's placeholder, title and name says.
operators.attribute = (element, random) => {
  const has = ["placeholder", "title", "name"].filter((name) => element.getAttribute(name));
  if (!has.length) return false;
  const name = pick(has, random);
  const other = name === "name" ? `field-${hash(random)}` : reworded(element.getAttribute(name), random);
  element.setAttribute(name, other);
  return true;
};

function renaming(names, random) {
  return new Map([...new Set(names)].map((name) => [name, `x${hash(random)}`]));
}

function renameInStyles(sign, names) {
  const name = new RegExp(`\\${sign}(-?[_a-zA-Z](?:[\\w-]|\\\\.)*)`, "g");
  for (const style of document.querySelectorAll("style")) {
    style.textContent = style.textContent.replace(name, (all, escaped) => {
      const to = names.get(escaped.replace(/\\(.)/g, "$1"));
      return to ? sign + to : all;
    });
  }
}
