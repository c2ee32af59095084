// around is the text around an element: of the smallest part of the page that has text beside the element's own, its
// beginning. What people type is not in it.
function around(element) {
  const most = 200;
  const typed = 'script,style,noscript,template,textarea,select,[contenteditable]:not([contenteditable=false])';
  const textIn = (part) => {
    const skip = (node) => node === element || node.nodeType === Node.ELEMENT_NODE && node.matches(typed);
    const accept = (node) => (skip(node) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, accept);
    let text = '';
    for (let n = 0; n < 1000 && text.length < most && walker.nextNode(); n++) {
      const { nodeType, data } = walker.currentNode;
      if (nodeType === Node.TEXT_NODE && /[\p{L}\p{N}]/u.test(data)) text = `${text} ${data}`.replace(/\s+/g, ' ').trim();
    }
    return text.slice(0, most);
  };
  for (let part = element.parentNode; part; part = part.parentNode || part.host) {
    if (part.nodeType === Node.DOCUMENT_NODE) break;
    const text = textIn(part);
    if (text) return text;
  }
  return '';
}

// trailOf is the way from the root to an element: each tag with its number among those of its kind. It goes on from a
// shadow tree to its host.
function trailOf(element) {
  const trail = [];
  for (let e = element; e; e = e.parentElement || e.getRootNode().host) {
    let n = 1;
    for (let s = e.previousElementSibling; s; s = s.previousElementSibling) if (s.localName === e.localName) n++;
    trail.unshift(n > 1 ? `${e.localName}[${n}]` : e.localName);
  }
  return trail.join('/');
}
