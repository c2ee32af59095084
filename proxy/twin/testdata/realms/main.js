const told = {};
const said = (target) => new Promise((done, fail) => {
  target.onmessage = (e) => done(e.data);
  target.onerror = (e) => fail(new Error(`it failed: ${e.message}`));
});
const ask = async (name, start) => {
  try {
    const found = await start();
    told[name] = found[""];
    for (const more in found) if (more) told[more] = found[more];
  } catch (e) {
    told[name] = { error: `${e}` };
  }
};
const blobOf = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
// A page commonly lets go of the address at once.
const ofBlob = (text, options) => {
  const address = blobOf(text);
  const worker = new Worker(address, options);
  URL.revokeObjectURL(address);
  return said(worker);
};
const plain = `importScripts("${location.origin}/look.js"); look().then((found) => postMessage({ "": found }));`;
const nesting = `importScripts("${location.origin}/look.js");
(async () => {
  const found = { "": await look() };
  const inner = new Worker(URL.createObjectURL(new Blob([${JSON.stringify(plain)}])));
  found["worker of a blob worker"] = await new Promise((done) => (inner.onmessage = (e) => done(e.data[""])));
  postMessage(found);
})();`;

window.everywhere = (async () => {
  const made = document.createElement("iframe");
  made.name = "srcdoc by script";
  made.srcdoc = "<script src='/look.js'></script>";
  document.body.append(made);
  await new Promise((done) => (document.readyState === "complete" ? done() : addEventListener("load", done)));
  told.top = await look();
  for (const name of ["frame", "frame again", "srcdoc", "srcdoc by script"]) await ask(name, async () => ({ "": await frames[name].look() }));
  await ask("blank", async () => {
    const script = frames.blank.document.createElement("script");
    script.src = "/look.js";
    await new Promise((done) => {
      script.onload = done;
      frames.blank.document.body.append(script);
    });
    return { "": await frames.blank.look() };
  });
  await ask("worker", () => said(new Worker("/worker.js?nest")));
  await ask("worker again", () => said(new Worker("/worker.js")));
  await ask("module worker", () => said(new Worker("/module.js", { type: "module" })));
  await ask("shared worker", () => said(new SharedWorker("/shared.js").port));
  await ask("blob worker", () => ofBlob(nesting));
  await ask("blob worker again", () => ofBlob(plain));
  await ask("blob module worker", () => ofBlob(`import "${location.origin}/look.js"; postMessage({ "": await look() });`, { type: "module" }));
  await ask("shared blob worker", () => {
    const address = blobOf(`importScripts("${location.origin}/look.js"); onconnect = async ({ ports: [port] }) => port.postMessage({ "": await look() });`);
    new SharedWorker(address, "one");
    return said(new SharedWorker(address, "one").port);
  });
  await ask("service worker", async () => {
    await navigator.serviceWorker.register("/service.js");
    const { active } = await navigator.serviceWorker.ready;
    const answer = said(navigator.serviceWorker);
    active.postMessage("look");
    return answer;
  });
  return told;
})();
