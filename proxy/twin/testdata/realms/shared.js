importScripts("/look.js");
onconnect = async ({ ports: [port] }) => port.postMessage({ "": await look() });
