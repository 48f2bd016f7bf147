// Copies what an address holds, and says so on the button.

async function copy(button) {
  try {
    const response = await fetch(button.dataset.copy);
    if (!response.ok) throw new Error((await response.json()).error?.message ?? `Error ${response.status}`);
    await navigator.clipboard.writeText(await response.text());
    say(button, "Copied");
  } catch (error) {
    // Browsers let pages copy only on localhost or over TLS.
    if (navigator.clipboard) say(button, "Not copied", error.message);
    else window.open(button.dataset.copy);
  }
}

function say(button, text, why = "") {
  button.dataset.name ??= button.textContent;
  button.textContent = text;
  button.title = why;
  setTimeout(() => { button.textContent = button.dataset.name; }, 1600);
}

export function copyButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
}
