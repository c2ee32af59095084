// Where the element stands in the tree.

// order turns the order of siblings round: the element's own, or those of the nearest ancestor that has some.
operators.order = (element, random) => {
  for (let e = element; e && !isWhole(e); e = e.parentElement) {
    const row = [...e.parentElement.children].filter((s) => !s.matches(unspoken));
    // Nothing would tell the element from one that is the same: whichever is found, it is as good.
    if (row.length < 2 || row.some((s) => s !== e && s.isEqualNode(e))) continue;
    const by = 1 + Math.floor(random() * (row.length - 1));
    for (const s of [...row.slice(by), ...row.slice(0, by)]) e.parentElement.append(s);
    return true;
  }
  return false;
};

// wrapElement puts an element around the element.
operators.wrapElement = (element, random) => {
  if (isWhole(element) || element.matches("option,optgroup,tr,td,th,tbody,thead")) return false;
  wrap(element, random);
  return true;
};

// wrapAncestors puts elements around up to three of its ancestors.
operators.wrapAncestors = (element, random) => {
  const ancestors = [];
  for (let e = element.parentElement; e && !isWhole(e); e = e.parentElement) {
    if (!e.matches("tr,td,th,tbody,thead,select,optgroup")) ancestors.push(e);
  }
  if (!ancestors.length) return false;
  for (let n = 1 + Math.floor(random() * 3); n > 0 && ancestors.length; n--) {
    const [e] = ancestors.splice(Math.floor(random() * ancestors.length), 1);
    wrap(e, random);
  }
  return true;
};

// unwrap takes one of the elements away that only wrap it, the nearest.
operators.unwrap = (element) => {
  for (let e = element.parentElement; e && !isWhole(e); e = e.parentElement) {
    if (!e.matches("div,span,g,section") || e.parentElement.matches("svg")) continue;
    e.replaceWith(...e.childNodes);
    return true;
  }
  return false;
};

function wrap(element, random) {
  const drawing = element.namespaceURI === "http://www.w3.org/2000/svg" && element.localName !== "svg";
  const wrapper = drawing
    ? document.createElementNS("http://www.w3.org/2000/svg", "g")
    : document.createElement(element.parentElement.matches("p,span,label,a,button,h1,h2,h3") ? "span" : "div");
  wrapper.setAttribute("class", `wrap-${hash(random)}`);
  element.replaceWith(wrapper);
  wrapper.append(element);
}
