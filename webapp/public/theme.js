// Runs before the first paint, outside the bundle so that a strict script-src allows it.
(() => {
  let choice = "system";
  try {
    choice = localStorage.getItem("tapedeck.theme") || "system";
  } catch {}
  const dark =
    choice === "dark" ||
    (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
