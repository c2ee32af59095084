const whenIdle = globalThis.requestIdleCallback || ((work) => setTimeout(work, 50));

addListeners();
observe();
whenIdle(guarded(() => {
  engine();
  addListeners(); // the document may have been opened anew before the engine could see it
}));
setTimeout(guarded(addListeners)); // editors do so right after they made their frame
if (window === window.top) window.addEventListener('load', guarded(() => setTimeout(guarded(reportArrival), 100)), { once: true });
// What the recorder calls from outside.
globalThis.tapedeck = { document, describeFrame, pickAt, elementAt: deepest };

// frameCandidates are in CSS and XPath, as code for frames is written.
function frameCandidates(e, iframe) {
  const attributes = ['name', 'title', config.testIdAttribute].filter((name) => iframe.getAttribute(name));
  const ways = attributes.map((name) => byCSS(`iframe[${name}=${quoted(iframe.getAttribute(name))}]`));
  const list = [...ways, ...cssWays(e, iframe)].map((way) => counted(way, iframe, true)).concat(byXPath(iframe)).filter(Boolean);
  const seen = new Set();
  return list.filter((c) => !seen.has(c.selector) && seen.add(c.selector)).map((c) => ({
    by: c.by, selector: c.selector, locator: e.utils.asLocator('javascript', c.selector), matches: c.matches,
  }));
}

// describeFrame is how an iframe is found, and where its document is in this one.
function describeFrame(iframe) {
  const box = iframe.getBoundingClientRect();
  const style = getComputedStyle(iframe);
  return {
    candidates: frameCandidates(engine(), iframe),
    name: iframe.getAttribute('name') || '',
    url: iframe.src || '',
    offset: {
      x: box.x + iframe.clientLeft + parseFloat(style.paddingLeft),
      y: box.y + iframe.clientTop + parseFloat(style.paddingTop),
    },
  };
}
