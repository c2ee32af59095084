const list = document.querySelector("ul");
const alertBox = document.querySelector("[role=alert]");
const statusBox = document.querySelector("[role=status]");

async function show() {
  const notes = await (await fetch("/notes")).json();
  list.replaceChildren(
    ...notes.map((note) => {
      const item = document.createElement("li");
      item.textContent = note.text;
      return item;
    }),
  );
  statusBox.textContent = notes.length === 1 ? "1 note" : notes.length + " notes";
}

async function add(text) {
  const note = { id: crypto.randomUUID(), text, at: new Date().toISOString() };
  const answer = await fetch("/notes", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(note) });
  if (!answer.ok) {
    alertBox.textContent = (await answer.json()).error;
    return false;
  }
  alertBox.textContent = "";
  return true;
}

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = event.target.elements.text;
  if (await add(input.value)) {
    input.value = "";
    await show();
  }
});

show();
