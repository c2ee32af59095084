import "./look.js";
postMessage({ "": await look() });
