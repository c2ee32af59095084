// Talks to the program that runs the tests, over the socket that it gave.
const http = require("node:http");

const socketPath = process.env.TAPEDECK_SOCKET;

/** Posts to the host and answers what it says. */
function post(path, body) {
  return new Promise((resolve, reject) => {
    const data = Buffer.from(JSON.stringify(body));
    const req = http.request(
      { socketPath, path, method: "POST", headers: { "content-type": "application/json", "content-length": data.length } },
      (res) => {
        const parts = [];
        res.on("data", (part) => parts.push(part));
        res.on("error", reject);
        res.on("end", () => {
          const text = Buffer.concat(parts).toString();
          if (res.statusCode >= 300) reject(new Error(`tapedeck: ${text || res.statusCode}`));
          else resolve(text ? JSON.parse(text) : undefined);
        });
      },
    );
    req.on("error", reject);
    req.end(data);
  });
}

const ansi = /\u001b\[[0-9;]*m/g;
const maxText = 4000;

/** A text for people: without colours, bounded. */
function plain(text) {
  const clean = String(text ?? "").replace(ansi, "");
  return clean.length > maxText ? `${clean.slice(0, maxText)}…` : clean;
}

module.exports = { post, plain };
