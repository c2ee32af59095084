// Picking: what is at a point, and what may be claimed of it.

// pickAt describes the element at a point of this document; an iframe says so, because its inside is another document.
function pickAt(x, y) {
  const under = deepest(x, y) || document.documentElement;
  if (under instanceof HTMLIFrameElement) return { iframe: true, offset: describeFrame(under).offset };
  const element = meant(under);
  return { element: describe(element), claims: claimsOf(element) };
}

// claimsOf lists what holds of an element now.
function claimsOf(element) {
  const e = engine();
  const claims = [{ claim: 'visible' }];
  const add = (claim, more) => claims.push({ claim, ...more });
  const secret = secretName(element);
  const text = secret || isEditable(element) || element instanceof HTMLSelectElement ? '' : trimmed(elementText(new Map(), element).normalized, 500);
  if (text) add('text', { expected: text });
  const checked = checkedState(element);
  if (checked !== undefined) add('checked', { not: !checked });
  else if (!secret && (isField(element) || element instanceof HTMLSelectElement)) add('value', { expected: element.value });
  if (element.matches('button,input,select,textarea,[role=button],[role=tab],[role=menuitem]')) {
    add('enabled', { not: element.matches(':disabled,[aria-disabled=true]') });
  }
  for (const name of ['href', 'aria-expanded', 'aria-selected', 'aria-pressed', 'aria-current', 'alt']) {
    const value = element.getAttribute(name);
    if (value !== null) add('attribute', { name, expected: value });
  }
  add('count', { expected: '1' });
  add('ariaSnapshot', { expected: withoutSecrets(element, () => e.ariaSnapshot(element)) });
  return claims.filter((c) => (c.expected || '').length < 60000);
}

function checkedState(element) {
  if (checkable(element)) return checkable(element).checked;
  const aria = element.getAttribute('aria-checked');
  return aria === null ? undefined : aria === 'true';
}
