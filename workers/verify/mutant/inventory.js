// Tells whoever asks which elements a page shows: those with a text of their own, and controls.
(() => {
  const told = Symbol.for("tapedeck.told");
  const text = (s) => (s ?? "").replace(/\s+/g, " ").trim();
  const seen = new Map();
  const controls = new Set(["button", "a", "input", "select", "textarea", "summary"]);
  globalThis[told] = () => {
    for (const e of document.body?.getElementsByTagName("*") ?? []) {
      if (["script", "style", "template", "noscript"].includes(e.localName) || seen.size > 3000) continue;
      const own = text([...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join(" "));
      const control = controls.has(e.localName) || ["button", "link", "tab", "menuitem", "checkbox"].includes(e.getAttribute("role"));
      const label = control && !own ? text(e.getAttribute("aria-label") || e.getAttribute("placeholder") || e.getAttribute("name") || e.getAttribute("title") || "") : "";
      if ((!own && !label) || own.length > 200 || !e.checkVisibility?.()) continue;
      const key = `${e.localName}\n${own}\n${label}`;
      if (!seen.has(key)) seen.set(key, { tag: e.localName, text: own, label, control, heading: /^h[1-6]$/.test(e.localName) });
    }
    return { elements: [...seen.values()] };
  };
})()
