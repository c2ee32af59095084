// Fields: what they hold after typing, choices, switches and files.

const textTypes = ['text', 'search', 'email', 'url', 'tel', 'password', 'number', ''];

function isField(element) {
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
}

function isTextInput(element) {
  return element instanceof HTMLInputElement && textTypes.includes(element.type);
}

function isEditable(element) {
  return isTextInput(element) || element instanceof HTMLTextAreaElement || Boolean(element.isContentEditable);
}

// editableHost is the outermost element that is edited.
function editableHost(element) {
  if (isField(element) || !element.isContentEditable) return element;
  let host = element;
  while (parentOf(host) && parentOf(host).isContentEditable) host = parentOf(host);
  return host;
}

function valueOf(element) {
  return isField(element) ? element.value : element.innerText;
}

// visits are the fields being filled: the description made at the first change and what was told last.
let visits = new Map();

function endVisits() {
  visits = new Map();
}

// finishFields ends visits of other fields: coming back to one is a new visit.
function finishFields(element) {
  const host = isEditable(element) ? editableHost(element) : element;
  for (const field of [...visits.keys()]) if (field !== host) visits.delete(field);
}

listen('focusin', (event) => finishFields(targetOf(event)));

listen('beforeinput', (event) => {
  const host = editableHost(targetOf(event));
  if (!isEditable(host)) return;
  startVisit(host);
  // An editor that handles its input itself sends no input event.
  if (!isField(host)) afterTask(() => reportFill(host));
});

function startVisit(field) {
  if (!visits.has(field)) visits.set(field, { description: describe(field), reveal: revealOf(field), told: valueOf(field), fresh: true });
}

listenAny('input', onInput);
listenAny('change', onInput);

// byDriver says that a script's event may stand for a person's: it does not come from the page's answer to one.
function byDriver(event) {
  return event.isTrusted || !taskOpen;
}

function onInput(event) {
  const target = targetOf(event);
  if (!byDriver(event)) return;
  if (target instanceof HTMLSelectElement) return event.type === 'change' ? reportSelect(target) : undefined;
  if (checkable(target)) return event.isTrusted && event.type === 'change' ? reportCheck(target) : undefined;
  if (target instanceof HTMLInputElement && target.type === 'file') return event.type === 'change' ? reportUpload(target) : undefined;
  onFieldInput(event, editableHost(target));
}

function onFieldInput(event, field) {
  if (!isField(field) && !isEditable(field)) return;
  if (press && press.element === field) press.changed = true;
  if (!event.isTrusted && isEditable(field)) return; // a driver types into text fields as a person does
  if (event.type === 'change' && visits.has(field) === false && isEditable(field)) return;
  if (!visits.has(field)) visits.set(field, { description: describe(field), reveal: revealOf(field), told: undefined, fresh: true });
  reportFill(field);
}

function reportFill(field) {
  const visit = visits.get(field);
  const value = valueOf(field);
  if (!visit || visit.told === value) return;
  visit.told = value;
  reportReveal(visit.reveal);
  visit.reveal = null;
  visit.description.box = boxOf(field);
  report('fill', { element: visit.description, value: value.slice(0, 60000), fresh: visit.fresh });
  visit.fresh = false;
  acted();
}

function reportCheck(box) {
  if (press && press.switched === box) return; // the click on what stands for it is the step
  const description = held && held.box === box ? held.description : describe(box);
  const reveal = held && held.box === box ? held.down.reveal : revealOf(box);
  held = null;
  reportReveal(reveal);
  report('check', { element: description, checked: box.checked });
  acted();
}

const selectReports = new WeakMap();

function reportSelect(select) {
  const values = [...select.selectedOptions].map((option) => option.value);
  const key = JSON.stringify(values);
  if (selectReports.get(select) === key) return;
  selectReports.set(select, key);
  const labels = [...select.selectedOptions].map((option) => trimmed(option.label, 100));
  report('select', { element: describe(select), values, labels });
  acted();
}

function reportUpload(input) {
  const files = [...input.files].map((f) => ({ name: f.name, contentType: f.type, size: f.size }));
  report('upload', { element: describe(input), files });
  acted();
}
