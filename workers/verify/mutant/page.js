// One fault in what a page shows or does. It is put wherever an element of the kind appears, and told to whoever asks; or,
// in place, into what is there now: then the answer says how often, puts it, and takes it back; meanwhile what stands around
// these elements has the attribute data-tapedeck-around.
((fault, inPlace) => {
  const text = (s) => (s ?? "").replace(/\s+/g, " ").trim();
  const own = (e) => text([...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join(" "));
  const label = (e) => text(e.getAttribute("aria-label") || e.getAttribute("placeholder") || e.getAttribute("name") || e.getAttribute("title") || "");
  const is = (e) => e.localName === fault.tag && (fault.text ? own(e) === fault.text : label(e) === fault.label);
  const scrambled = (s) => s.replace(/[a-z]/g, (c) => (c === "z" ? "a" : String.fromCharCode(c.charCodeAt(0) + 1))).replace(/\d/g, (d) => (Number(d) + 1) % 10);
  const deaf = (e) => {
    e.stopImmediatePropagation();
    e.preventDefault();
  };
  const attribute = (e, name, value) => {
    const before = e.getAttribute(name);
    e.setAttribute(name, value);
    return () => (before === null ? e.removeAttribute(name) : e.setAttribute(name, before));
  };
  // Each answers how it is taken back, where that is possible.
  const put = {
    text: (e) => {
      const undo = [];
      for (const n of e.childNodes) {
        if (n.nodeType !== 3 || !n.data.trim()) continue;
        const before = n.data;
        const after = scrambled(before);
        n.data = after;
        undo.push(() => { if (n.data === after) n.data = before; }); // what the page has written since is its own
      }
      return () => undo.forEach((f) => f());
    },
    hide: (e) => {
      const [value, priority] = [e.style.getPropertyValue("display"), e.style.getPropertyPriority("display")];
      const styled = e.hasAttribute("style");
      e.style.setProperty("display", "none", "important");
      return () => {
        if (value) e.style.setProperty("display", value, priority);
        else e.style.removeProperty("display");
        if (!styled && !e.getAttribute("style")) e.removeAttribute("style");
      };
    },
    disable: (e) => attribute(e, "disabled", ""),
    role: (e) => attribute(e, "role", "presentation"),
    dead_handler: (e) => {
      for (const type of ["click", "dblclick", "mousedown", "pointerdown", "keydown", "keypress", "input", "change", "submit"]) {
        e.addEventListener(type, deaf, { capture: true });
      }
    },
    wrapper: (e) => {
      const box = document.createElement("div");
      e.replaceWith(box);
      box.append(e);
    },
    notice: (e) => {
      const note = document.createElement("small");
      note.textContent = fault.note;
      e.append(note);
    },
    hidden_twin: (e) => {
      const copy = e.cloneNode(false);
      copy.hidden = true;
      copy.removeAttribute("id");
      e.after(copy);
    },
  }[fault.operator];
  const candidates = () => [...(fault.selector ? document.querySelectorAll(fault.selector) : document.getElementsByTagName(fault.tag))];
  if (inPlace) {
    const found = candidates().filter(is);
    // What loses the focus tells the page so, which is not taken back.
    if (fault.operator !== "text" && fault.operator !== "role" && found.some((e) => e.contains(document.activeElement))) found.length = 0;
    // A change of an element shows in what stands around it.
    const around = [...new Set(found.map((e) => e.parentElement ?? e))].slice(0, 3);
    for (const e of around) e.setAttribute("data-tapedeck-around", "");
    const undo = [() => around.forEach((e) => e.removeAttribute("data-tapedeck-around"))];
    return { found: found.length, put: () => undo.push(...found.map((e) => put(e))), undo: () => undo.reverse().forEach((f) => f()) };
  }
  const told = Symbol.for("tapedeck.told");
  const before = globalThis[told];
  let applied = 0;
  globalThis[told] = () => ({ ...(before ? before() : {}), applied });
  const done = new WeakSet();
  const look = () => {
    for (const e of candidates()) {
      // A text that the page puts back is changed again.
      if ((done.has(e) && fault.operator !== "text") || (!fault.selector && !is(e))) continue;
      done.add(e);
      put(e);
      applied++;
      if (fault.once) return;
    }
  };
  const observer = new MutationObserver(() => {
    if (fault.once && applied) return observer.disconnect();
    observer.disconnect(); // its own changes are none of the page's
    look();
    watch();
  });
  const watch = () => observer.observe(document, { subtree: true, childList: true, characterData: true });
  look();
  watch();
})
