// The document of an element as text that looks the same without its scripts and the network, frames of its own origin
// with it, and where the element is in what a parser makes of that text. In the body nothing is added or taken away:
// places among siblings stay.
(elements) => {
  const mark = "data-tapedeck-crash";

  // still is {html, place} of a document; marked is in it, and inner is the html of marked if that is a frame.
  const still = (doc, marked, inner) => {
    const copy = doc.documentElement.cloneNode(true);
    const from = [doc.documentElement, ...doc.documentElement.querySelectorAll("*")];
    const to = [copy, ...copy.querySelectorAll("*")];
    from.forEach((e, i) => {
      settle(e, to[i]);
      if (e === marked) to[i].setAttribute(mark, "");
      if (e === marked && inner) to[i].setAttribute("srcdoc", inner);
    });
    const style = doc.createElement("style");
    style.textContent = [...doc.styleSheets, ...doc.adoptedStyleSheets].map(rulesOf).join("\n");
    copy.querySelector("head").append(style);
    return parsed(copy.outerHTML);
  };

  // A script may nest elements as no parser does: what counts is where the element is once the text was read.
  const parsed = (text) => {
    const doc = new DOMParser().parseFromString(`<!doctype html>${text}`, "text/html");
    const marked = doc.querySelector(`[${mark}]`);
    if (marked) marked.removeAttribute(mark);
    return { html: `<!doctype html>${doc.documentElement.outerHTML}`, place: marked && placeOf(marked) };
  };

  const placeOf = (element) => {
    const path = [];
    for (let e = element; e.parentElement; e = e.parentElement) {
      path.unshift(`*:nth-child(${[...e.parentElement.children].indexOf(e) + 1})`);
    }
    return `css:light=${[":root", ...path].join(" > ")}`;
  };

  const settle = (was, is) => {
    switch (is.localName) {
      case "script":
        is.setAttribute("type", "text/plain");
        is.removeAttribute("src");
        is.textContent = "";
        break;
      case "style":
        is.textContent = ""; // it may have rules that are not in its text: all are gathered in one place
        break;
      case "link":
      case "base":
        is.removeAttribute("href");
        break;
      case "meta":
        is.removeAttribute("http-equiv");
        break;
      case "iframe":
        is.removeAttribute("src");
        if (was.contentDocument) is.setAttribute("srcdoc", still(was.contentDocument).html);
    }
    freeze(was, is);
  };

  // What cannot be seen must not come into sight because a rule no longer fits.
  const freeze = (was, is) => {
    if (!was.parentElement || !is.style) return;
    const style = was.ownerDocument.defaultView.getComputedStyle(was);
    const outer = was.ownerDocument.defaultView.getComputedStyle(was.parentElement);
    if (style.display === "none" && outer.display !== "none") is.style.setProperty("display", "none", "important");
    if (style.visibility !== outer.visibility) is.style.setProperty("visibility", style.visibility, "important");
  };

  const rulesOf = (sheet) => {
    try {
      return [...sheet.cssRules].map((rule) => rule.cssText).join("\n");
    } catch {
      return ""; // of another origin
    }
  };

  const places = [];
  let html;
  for (let marked = elements[0]; marked; marked = marked.ownerDocument.defaultView.frameElement) {
    const now = still(marked.ownerDocument, marked, html);
    html = now.html;
    places.unshift(now.place);
  }
  return [html, places.join(" >> internal:control=enter-frame >> ")];
}
