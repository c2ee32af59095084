// The scripts of all pages. This file is read before the body, and listens to the document: what somebody does on
// a page that is still being loaded is not lost.
"use strict";

// ask sends JSON and answers JSON. A refusal is an Error with the shop's sentence.
async function ask(method, address, body) {
  const answer = await fetch(address, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error || "The shop does not answer as it should. Try again.");
  return said;
}

// One change after the other, so that the last one is what stays.
let last = Promise.resolve();
function inTurn(change, failed) {
  last = last.then(change).catch((e) => failed(e instanceof TypeError ? "The shop cannot be reached. Try again." : e.message));
  return last;
}

const one = (selector, root = document) => root.querySelector(selector);

function toast(text) {
  const place = one("[data-toast]");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => place.classList.remove("shown"), 6000);
}

// ---- Forms: what is wrong is said beside its field, in the same words as the server's.

function faultOf(field) {
  const v = field.validity;
  if (v.valueMissing) return field.dataset.needed;
  if (v.tooShort) return field.dataset.short;
  if (v.typeMismatch || v.patternMismatch) return field.dataset.wrong;
  // A value that the page came with is not looked at by tooShort.
  if (field.value !== "" && field.minLength > 0 && field.value.length < field.minLength) return field.dataset.short;
  return "";
}

function check(field) {
  const fault = faultOf(field);
  const place = document.getElementById(field.id + "-fault");
  if (place) place.textContent = fault;
  if (fault) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  return fault === "";
}

function checkAll(form) {
  const wrong = [...form.querySelectorAll("[data-needed]")].filter((field) => !check(field));
  if (wrong.length) wrong[0].focus();
  return wrong.length === 0;
}

document.addEventListener("input", (e) => {
  if (e.target.getAttribute("aria-invalid") && e.target.closest("[data-checked]")) check(e.target);
});

document.addEventListener("submit", (e) => {
  const form = e.target;
  if (form.matches("[data-checked]") && !checkAll(form)) {
    e.preventDefault();
    return;
  }
  const take = [["[data-add]", add], ["[data-voucher]", useVoucher], ["[data-account]", saveAccount]].find(([s]) => form.matches(s));
  if (take) {
    e.preventDefault();
    take[1](form);
  }
});

function saveAccount(form) {
  inTurn(async () => {
    const a = await ask("PUT", "/api/account", { name: form.elements.name.value, postcode: form.elements.postcode.value });
    one("[data-account-name]").textContent = a.name;
    one('nav a[href="/account"]').textContent = a.name;
    toast(a.message);
  }, toast);
}

// ---- Product

function add(form) {
  const fault = one("[data-fault]", form);
  const size = form.elements.size ? form.elements.size.value : "";
  const quantity = form.elements.quantity.valueAsNumber;
  fault.textContent = "";
  if (!Number.isInteger(quantity)) {
    fault.textContent = "The quantity is 1 to " + form.elements.quantity.max + ".";
    return;
  }
  inTurn(async () => {
    const cart = await ask("POST", "/api/cart", { product: form.dataset.add, size, quantity });
    count(cart);
    toast(cart.message);
  }, (text) => { fault.textContent = text; });
}

function count(cart) {
  one("[data-cart-count]").textContent = cart.count;
}

// stock follows a product's stock over a socket, and asks about the quantity that somebody typed.
function stock(place) {
  const text = one("[data-stock-text]", place);
  const advice = one("[data-advice]");
  const quantity = one("#quantity");
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/live/stock/" + place.dataset.stock);
  const wonder = () => {
    const n = quantity.valueAsNumber;
    if (socket.readyState === WebSocket.OPEN && Number.isInteger(n) && n > 0) socket.send(JSON.stringify({ quantity: n }));
  };
  socket.onopen = () => { if (quantity && quantity.value !== "1") wonder(); };
  socket.onmessage = (e) => {
    const news = JSON.parse(e.data);
    text.textContent = news.text;
    place.dataset.level = news.stock === 0 ? "none" : news.stock <= 3 ? "few" : "good";
    if (advice) {
      advice.textContent = news.advice;
      advice.classList.toggle("fault", !news.enough);
    }
  };
  socket.onclose = () => {
    place.dataset.level = "";
    text.textContent = "Stock is not known at the moment";
  };
  if (quantity) quantity.addEventListener("input", wonder);
  addEventListener("pagehide", () => { socket.onclose = null; socket.close(); });
}

document.addEventListener("DOMContentLoaded", () => {
  const place = one("[data-stock]");
  if (place) stock(place);
});

// ---- Cart

function sums(cart) {
  for (const sum of document.querySelectorAll("[data-sum]")) sum.textContent = cart[sum.dataset.sum];
  one("[data-voucher-code]").textContent = cart.voucher;
  one("[data-discount]").hidden = cart.voucher === "";
}

function show(cart) {
  count(cart);
  for (const li of document.querySelectorAll("[data-line]")) {
    const line = cart.lines.find((l) => l.key === li.dataset.line);
    if (!line) {
      li.remove();
      continue;
    }
    one("[data-quantity]", li).value = line.quantity;
    one("[data-line-total]", li).textContent = line.total;
  }
  sums(cart);
  one("[data-drop-voucher]").hidden = cart.voucher === "";
  one("[data-voucher]").hidden = cart.voucher !== "";
  one("[data-cart-empty]").hidden = cart.lines.length > 0;
  one("[data-cart]").hidden = cart.lines.length === 0;
  one("[data-cart-fault]").textContent = "";
  toast(cart.message);
}

const cartFault = (text) => { one("[data-cart-fault]").textContent = text; };

function setQuantity(li, next) {
  const field = one("[data-quantity]", li);
  inTurn(async () => {
    const quantity = next(field);
    show(await ask("PUT", "/api/cart/" + encodeURIComponent(li.dataset.line), { quantity }));
    field.dataset.was = field.value;
  }, (text) => {
    field.value = field.dataset.was || field.defaultValue;
    cartFault(text);
  });
}

document.addEventListener("change", (e) => {
  const li = e.target.closest("[data-line]");
  if (li && e.target.matches("[data-quantity]")) {
    const wanted = Number.isInteger(e.target.valueAsNumber) ? e.target.valueAsNumber : 0;
    setQuantity(li, () => wanted);
  }
  const till = e.target.closest("[data-till]");
  if (till && (e.target.name === "delivery" || e.target.name === "country")) {
    inTurn(async () => {
      const cart = await ask("PUT", "/api/delivery", { method: till.elements.delivery.value, country: till.elements.country.value });
      sums(cart);
      toast(cart.message);
    }, toast);
  }
});

document.addEventListener("click", (e) => {
  const button = e.target.closest("button, a");
  if (!button) return;
  const li = button.closest("[data-line]");
  if (button.dataset.step) setQuantity(li, (field) => Number(field.value) + Number(button.dataset.step));
  else if (button.matches("[data-remove]")) remove(li);
  else if (button.matches("[data-drop-voucher]")) inTurn(async () => show(await ask("DELETE", "/api/voucher")), cartFault);
  else if (button.matches("[data-close]")) close();
  else if (button.matches("[data-popup]")) {
    e.preventDefault();
    open(button.href, "sizes", "popup,width=520,height=720");
  }
});

function remove(li) {
  inTurn(async () => {
    const next = li.nextElementSibling || li.previousElementSibling;
    show(await ask("DELETE", "/api/cart/" + encodeURIComponent(li.dataset.line)));
    const place = next ? one("[data-remove]", next) : one("[data-cart-empty] a");
    if (place) place.focus();
  }, cartFault);
}

function useVoucher(form) {
  const fault = one("#code-fault");
  fault.textContent = "";
  inTurn(async () => {
    show(await ask("POST", "/api/voucher", { code: form.elements.code.value }));
    form.reset();
  }, (text) => { fault.textContent = text; });
}
