// Makes one element like another, changing only what differs: what is open stays open, what is selected selected.

export function morph(from, to) {
  if (from.isEqualNode(to)) return;
  if (from.nodeName !== to.nodeName || from.id !== to.id) {
    from.replaceWith(to);
    return;
  }
  if (from.nodeType === Node.TEXT_NODE) {
    if (to.data.startsWith(from.data)) from.appendData(to.data.slice(from.data.length));
    else from.data = to.data;
    return;
  }
  attributes(from, to);
  const wanted = [...to.childNodes];
  const present = [...from.childNodes];
  wanted.forEach((child, n) => (n < present.length ? morph(present[n], child) : from.append(child)));
  present.slice(wanted.length).forEach((child) => child.remove());
}

function attributes(from, to) {
  if (!from.attributes) return;
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !theReaders(from, name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value && !theReaders(from, name)) from.setAttribute(name, value);
  }
}

// What the reader has opened or closed is not the server's to say.
function theReaders(element, name) {
  return name === "open" || (name === "class" && element.classList.contains("opened"));
}
