importScripts("/look.js");
onmessage = (e) => e.waitUntil(look().then((found) => e.source.postMessage({ "": found })));
