importScripts("/look.js");
(async () => {
  const found = { "": await look() };
  if (new URL(location.href).searchParams.has("nest")) {
    const inner = new Worker("/worker.js");
    found["worker of a worker"] = await new Promise((done) => (inner.onmessage = (e) => done(e.data[""])));
  }
  postMessage(found);
})();
