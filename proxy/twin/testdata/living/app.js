const say = (id, text) => (document.getElementById(id).textContent = text);
const json = async (address, options) => (await fetch(address, options)).json();
const minute = 60_000;

// What depends on the clock.
const session = await json(`/session?_=${Date.now()}`);
const claims = JSON.parse(atob(session.token.split(".")[1]));
say("today", new Date().toLocaleDateString("en", { dateStyle: "full" }));
say("session", claims.exp * 1000 > Date.now() ? "signed in" : "expired");
say("ago", `seen ${Math.floor((Date.now() - Date.parse(session.seen)) / minute)} minutes ago`);
say("left", `${Math.ceil((session.deadline - Date.now()) / minute)} minutes left`);
document.cookie = `draft=1; expires=${new Date(Date.now() + 60 * minute).toUTCString()}`;
say("cookies", document.cookie.split("; ").sort().join(" "));

// What goes on by itself: asking until a job is done, and telling that the page is there.
const poll = setInterval(async () => {
  navigator.sendBeacon("/beat", JSON.stringify({ at: Date.now(), mood: Math.random() }));
  const { status } = await json(`/status?r=${Math.random()}`);
  say("status", status);
  if (status === "done") clearInterval(poll);
}, 40);

// What comes by itself.
const socket = new WebSocket(`ws://${location.host}/chat`);
socket.onopen = () => socket.send(JSON.stringify({ hello: crypto.randomUUID(), at: Date.now() }));
socket.onmessage = (e) => say("chat", e.data);
new EventSource("/news").onmessage = (e) => say("news", e.data);

const search = async (text) => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: crypto.randomUUID(), method: "search", params: { text } });
  const { result } = await json("/rpc", { method: "POST", body, headers: { "content-type": "application/json" } });
  say("found", `${result} found`);
};
await search("pear");

document.getElementById("add").onclick = async () => {
  const nonce = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  const item = { id: crypto.randomUUID(), at: new Date().toISOString(), nonce, text: document.getElementById("item").value };
  const packed = new Blob([JSON.stringify(item)]).stream().pipeThrough(new CompressionStream("gzip"));
  const body = await new Response(packed).arrayBuffer();
  await fetch("/items", { method: "POST", body, headers: { "content-type": "application/json", "content-encoding": "gzip" } });
  const { text } = await json(`/items/${item.id}?_=${Date.now()}`);
  const li = document.createElement("li");
  li.textContent = text;
  document.getElementById("items").append(li);
  await search("pear");
};

await navigator.serviceWorker.register("/sw.js");
await navigator.serviceWorker.ready;
document.documentElement.dataset.ready = "yes";
