// Runs in a world of its own in every document, beside the page and unseen by it. It reports through `report` and is
// called as globalThis.tapedeckStage.
(() => {
  if (globalThis.tapedeckStage) return;
  const report = (what) => globalThis.__tapedeckStage?.(JSON.stringify(what));
  const pickers = ["color", "date", "datetime-local", "month", "time", "week"];
  const known = new Map();
  let nextID = 0;
  let armed = null;
  let cursorAt = null;
  let cursor = "";
  let cursorTime = 0;

  const target = (event) => event.composedPath()[0];
  const listOf = (event) => event.composedPath().find((e) => e instanceof HTMLSelectElement);
  const isPopup = (el) =>
    el && !el.disabled && !el.multiple && el.size <= 1 && getComputedStyle(el).appearance !== "base-select";

  // offset is where this document's viewport stands in the page's, as far as one can look up from here.
  const offset = () => {
    let [x, y, win] = [0, 0, window];
    try {
      while (win.frameElement) {
        const frame = win.frameElement;
        const box = frame.getBoundingClientRect();
        x += box.x + frame.clientLeft;
        y += box.y + frame.clientTop;
        win = win.parent;
      }
    } catch {
      return null;
    }
    return win === win.top ? { x, y } : null;
  };

  const remember = (el) => {
    known.clear(); // one question at a time
    known.set(++nextID, el);
    return nextID;
  };

  const optionsOf = (el) =>
    [...el.options].slice(0, 5000).map((o) => ({
      value: o.value,
      label: (o.label || o.text).slice(0, 500),
      group: o.parentElement instanceof HTMLOptGroupElement ? o.parentElement.label : "",
      disabled: o.disabled || (o.parentElement instanceof HTMLOptGroupElement && o.parentElement.disabled),
      selected: o.selected,
    }));

  const openList = (el, event) => {
    const box = el.getBoundingClientRect();
    report({
      type: "select",
      id: remember(el),
      box: { x: box.x, y: box.y, width: box.width, height: box.height },
      offset: offset(),
      pointer: event instanceof MouseEvent ? { x: event.clientX, y: event.clientY } : null,
      options: optionsOf(el),
    });
  };

  const onMouseDown = (event) => {
    const el = listOf(event);
    if (!event.isTrusted || event.button !== 0 || !isPopup(el)) return;
    event.preventDefault(); // its native list would be where nobody sees it
    el.focus();
    openList(el, event);
  };

  const opensList = (e) =>
    (e.altKey && (e.key === "ArrowDown" || e.key === "ArrowUp")) ||
    (!e.altKey && !e.ctrlKey && !e.metaKey && (e.key === " " || e.key === "F4" || e.key === "Enter"));

  const onKeyDown = (event) => {
    const el = target(event);
    if (!event.isTrusted || !(el instanceof HTMLSelectElement)) return;
    if (armed && armed.el === el) {
      // The arrow key that applies a choice: from the option before it, so that the browser itself makes the change
      // and tells the page with events that it made.
      event.stopImmediatePropagation();
      el.selectedIndex = armed.index - 1;
      return;
    }
    if (isPopup(el) && opensList(event) && event.key !== "Enter") {
      event.preventDefault();
      openList(el, event);
    }
  };

  const onKeyUp = (event) => {
    if (!armed || target(event) !== armed.el) return;
    event.stopImmediatePropagation();
    armed = null;
  };

  const onClick = (event) => {
    const el = target(event);
    if (!event.isTrusted || !(el instanceof HTMLInputElement) || el.disabled || !pickers.includes(el.type)) return;
    const indicator = event.offsetX > el.clientWidth - 30;
    if (el.type !== "color" && !indicator) return;
    event.preventDefault();
    report({ type: "picker", id: remember(el), kind: el.type });
  };

  // overText says whether the pointer is over text that could be selected.
  const overText = (event) => {
    const node = document.caretRangeFromPoint?.(event.clientX, event.clientY)?.startContainer;
    if (node?.nodeType !== Node.TEXT_NODE) return false;
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].some(
      (r) => event.clientX >= r.left && event.clientX <= r.right && event.clientY >= r.top && event.clientY <= r.bottom,
    );
  };

  const onMouseMove = (event) => {
    const el = target(event);
    if (!(el instanceof Element) || (el === cursorAt && event.timeStamp - cursorTime < 100)) return;
    const entered = el !== cursorAt;
    [cursorAt, cursorTime] = [el, event.timeStamp];
    let now = getComputedStyle(el).cursor.split(",").pop().trim();
    if (now === "auto") now = overText(event) ? "text" : "default";
    if (entered || now !== cursor) report({ type: "cursor", cursor: now });
    cursor = now;
  };

  const watchTitle = () => {
    let title = document.title;
    let planned = 0;
    const tell = () => {
      planned = 0;
      if (document.title !== title) report({ type: "title" });
      title = document.title;
    };
    const look = () => {
      planned ||= setTimeout(tell, 100); // a page may change its title all the time
    };
    report({ type: "title" });
    if (document.head) new MutationObserver(look).observe(document.head, { childList: true, subtree: true, characterData: true });
  };

  const select = {
    // arm prepares the choice of a value; it says which key makes it, "" when nothing is left to do.
    arm(id, value) {
      const el = known.get(id);
      if (!el?.isConnected) return "gone";
      const index = [...el.options].findIndex((o, i) => o.value === value && !optionsOf(el)[i]?.disabled);
      if (index < 0) return "unknown";
      if (el.selectedIndex === index) return "same";
      el.focus();
      const root = el.getRootNode();
      if (root.activeElement !== el || !document.hasFocus()) return select.force(el, index);
      armed = { el, index };
      return "key";
    },
    force(el, index) {
      el.selectedIndex = index;
      el.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
      el.dispatchEvent(new Event("change", { bubbles: true }));
      return "same";
    },
    // finish says whether the choice was made, and makes it when the page kept the key from doing so.
    finish(id, value) {
      const el = known.get(id);
      armed = null;
      if (!el?.isConnected || el.value === value) return "same";
      const index = [...el.options].findIndex((o) => o.value === value);
      return index < 0 ? "unknown" : select.force(el, index);
    },
  };

  const setValue = (id, value) => {
    const el = known.get(id);
    if (!el?.isConnected) return "gone";
    const probe = document.createElement("input");
    probe.type = el.type;
    probe.value = value;
    if (value !== "" && probe.value.toLowerCase() !== value.toLowerCase()) return "invalid";
    el.focus();
    el.value = value;
    el.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    el.dispatchEvent(new Event("change", { bubbles: true }));
    return "same";
  };

  globalThis.tapedeckStage = { arm: select.arm, finish: select.finish, setValue };
  addEventListener("mousedown", onMouseDown, true);
  addEventListener("keydown", onKeyDown, true);
  addEventListener("keyup", onKeyUp, true);
  addEventListener("click", onClick, true);
  addEventListener("mousemove", onMouseMove, { capture: true, passive: true });
  if (window === window.top) {
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", watchTitle, true);
    else watchTitle();
  }
})();
