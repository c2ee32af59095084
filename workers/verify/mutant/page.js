// One fault in what a page shows or does. It is put wherever an element of the kind appears, and told to whoever asks.
((fault) => {
  const told = Symbol.for("tapedeck.told");
  const before = globalThis[told];
  let applied = 0;
  globalThis[told] = () => ({ ...(before ? before() : {}), applied });
  const text = (s) => (s ?? "").replace(/\s+/g, " ").trim();
  const own = (e) => text([...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join(" "));
  const label = (e) => text(e.getAttribute("aria-label") || e.getAttribute("placeholder") || e.getAttribute("name") || e.getAttribute("title") || "");
  const is = (e) => e.localName === fault.tag && (fault.text ? own(e) === fault.text : label(e) === fault.label);
  const done = new WeakSet();
  const scrambled = (s) => s.replace(/[a-z]/g, (c) => (c === "z" ? "a" : String.fromCharCode(c.charCodeAt(0) + 1))).replace(/\d/g, (d) => (Number(d) + 1) % 10);
  const deaf = (e) => {
    e.stopImmediatePropagation();
    e.preventDefault();
  };
  const put = {
    text: (e) => {
      for (const n of e.childNodes) if (n.nodeType === 3 && n.data.trim()) n.data = scrambled(n.data);
    },
    hide: (e) => e.style.setProperty("display", "none", "important"),
    disable: (e) => e.setAttribute("disabled", ""),
    role: (e) => e.setAttribute("role", "presentation"),
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
  const look = () => {
    const found = fault.selector ? document.querySelectorAll(fault.selector) : document.getElementsByTagName(fault.tag);
    for (const e of [...found]) {
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
