self.oninstall = (e) => e.waitUntil(caches.open("kept").then((c) => c.add("/offline.html")));
self.onactivate = (e) => e.waitUntil(clients.claim());
// A site that is down is asked, a proxy before it may answer in its place.
const ask = async (request) => {
  const answer = await fetch(request);
  if (answer.status >= 500) throw new Error(answer.statusText);
  return answer;
};
self.onfetch = (e) => {
  if (e.request.mode === "navigate") e.respondWith(ask(e.request).catch(() => caches.match("/offline.html")));
};
