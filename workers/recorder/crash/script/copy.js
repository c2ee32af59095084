// What is written: on the element, beside it, on its label.

// ownCopy is other wording on the element itself.
operators.ownCopy = (element, random) => !isWhole(element) && reword(element, (text) => reworded(text, random));

// nearCopy is other wording of one of the texts beside the element, in the smallest ancestor that has text of its own.
operators.nearCopy = (element, random) => {
  const labels = labelsOf(element);
  for (let e = element.parentElement; e; e = e.parentElement) {
    const texts = textsOf(e).filter((text) => !element.contains(text) && !labels.some((label) => label.contains(text)));
    if (!texts.length) continue;
    const text = pick(texts, random);
    text.data = reworded(text.data, random);
    return true;
  }
  return false;
};

// labelCopy is other wording of what labels the element: label elements, what aria-labelledby names, aria-label.
operators.labelCopy = (element, random) => {
  let done = false;
  for (const label of labelsOf(element)) done = reword(label, (text) => reworded(text, random)) || done;
  if (element.getAttribute("aria-label")) {
    element.setAttribute("aria-label", reworded(element.getAttribute("aria-label"), random));
    done = true;
  }
  return done;
};

function labelsOf(element) {
  const ids = (element.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean);
  return [...(element.labels || []), ...ids.map((id) => document.getElementById(id)).filter(Boolean)];
}
