// The keyboard. Each page says what its keys do; help and Escape are the same on all.

export function keys(actions) {
  const help = document.getElementById("help");
  const all = { "?": () => help.showModal(), ...actions };
  document.getElementById("help-button").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
    const writing = event.target.closest("input, textarea, select");
    if (writing) {
      if (event.key === "Escape") writing.blur();
      return;
    }
    const action = all[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

// Moves the focus by one among these elements, and into sight.
export function step(elements, by) {
  const at = elements.indexOf(document.activeElement);
  const next = elements[at < 0 ? (by > 0 ? 0 : elements.length - 1) : at + by];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}
