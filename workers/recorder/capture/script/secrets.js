// Which fields hold secrets. Their values leave the page only marked as such.

const wasPassword = new WeakSet(); // "show password" turns a field into plain text

const secretAutocomplete = ['one-time-code', 'cc-csc', 'current-password', 'new-password'];

function plainName(text) {
  return (text || '').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

const declared = (config.secrets || []).map((name) => ({ name, plain: plainName(name) })).filter((s) => s.plain);

// secretName is the name of the secret that a field holds; empty for any other element.
function secretName(element) {
  if (!isField(element) && !element.isContentEditable) return '';
  const names = namesOf(element);
  const match = declared.find((s) => names.some((n) => plainName(n) === s.plain)) ||
    declared.find((s) => s.plain.length >= 4 && names.some((n) => plainName(n).includes(s.plain)));
  if (match) return match.name;
  return isSecretByNature(element) ? ownName(element, names) : '';
}

function isSecretByNature(element) {
  if (element instanceof HTMLInputElement && element.type === 'password') wasPassword.add(element);
  if (wasPassword.has(element)) return true;
  const tokens = (element.getAttribute('autocomplete') || '').toLowerCase().split(/\s+/);
  return tokens.some((token) => secretAutocomplete.includes(token));
}

function namesOf(element) {
  const labels = element.labels ? [...element.labels].map((label) => label.textContent) : [];
  return [element.getAttribute('name'), element.id, element.getAttribute('aria-label'), element.getAttribute('placeholder'), ...labels].filter(Boolean);
}

// ownName makes a name like "password" or "one-time-code" of what the field is called.
function ownName(element, names) {
  const name = names.map((n) => n.trim().toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '')).find(Boolean);
  return (name || element.getAttribute('autocomplete') || 'password').slice(0, 60);
}
