// The list: what comes in while it is open, the search, the keyboard.

import { follow } from "./connection.js";
import { coalesced, part } from "./fetching.js";
import { keys, step } from "./keys.js";
import { Runs } from "./runs.js";
import { localTimes } from "./times.js";

const search = document.getElementById("search");
const input = search.elements.q;
const listing = document.getElementById("listing");
const runs = new Runs(listing);
const address = (path, values) => `${path}?${new URLSearchParams([["q", input.value], ...values])}`;

localTimes(document);
watchEnd();

// Changes. What is asked for is always whole runs, as the server has them by then.
const changed = new Set();
let lastBatch = 0;
const soon = coalesced(async () => {
  const ids = [...changed].slice(0, 40);
  ids.forEach((id) => changed.delete(id));
  lastBatch = ids.length;
  const query = input.value;
  const found = await part(address("/llm/runs", ids.map((id) => ["run", id])));
  if (query === input.value) runs.merge(found, new Set(ids));
  showEmpty();
  if (changed.size) soon();
}, () => (lastBatch > 10 ? 1000 : 250));

const problems = document.getElementById("problems");
const tell = coalesced(async () => problems.replaceChildren(await part("/llm/problems")), () => 250);

follow({
  message(change) {
    if (change.type === "problems") return tell();
    const run = change.type === "call" ? change.call["llm_sidecar.run"] : runs.runOf(change.id);
    if (run === undefined) return;
    changed.add(run);
    soon();
  },
  connected: coalesced(async () => {
    runs.mergePage(await part(address("/llm/list", [])));
    showEmpty();
    watchEnd();
  }, () => 0),
});

// Search. The address of the page is the search.
const searched = coalesced(async () => {
  const query = input.value;
  const found = await part(address("/llm/list", []));
  if (query !== input.value) return searched();
  runs.replace(found);
  watchEnd();
  showEmpty();
}, () => 120);

input.addEventListener("input", () => {
  history.replaceState(null, "", input.value ? `/llm?${new URLSearchParams({ q: input.value })}` : "/llm");
  document.getElementById("har").search = `?${new URLSearchParams({ q: input.value })}`;
  searched();
});

search.addEventListener("submit", (event) => {
  event.preventDefault();
  step(lines(), 1);
});

function showEmpty() {
  const none = !listing.querySelector(".run");
  document.getElementById("empty").hidden = !none;
  document.getElementById("empty").classList.toggle("searched", input.value !== "");
  input.toggleAttribute("aria-invalid", !document.getElementById("problem").hidden);
}

// More, as the end of the list comes into sight.
function watchEnd() {
  const more = document.getElementById("more");
  if (!more) return;
  new IntersectionObserver(async (entries, observer) => {
    // While scrolling fast, several come at once.
    if (!entries.at(-1).isIntersecting) return;
    observer.disconnect();
    try {
      const found = await part(address("/llm/list", [["after", runs.lastKey()]]));
      if (more.isConnected) runs.append(found);
      watchEnd();
    } catch (error) {
      console.warn(error);
    }
  }, { rootMargin: "800px" }).observe(more);
}

function find() {
  input.focus();
  input.select();
}

// Keyboard.
if (location.hash === "#search") find();
const lines = () => [...document.querySelectorAll("#runs a.call, #runs summary")].filter((line) => line.checkVisibility());
const current = () => document.activeElement.closest("#runs a.call, #runs summary");

keys({
  j: () => step(lines(), 1),
  k: () => step(lines(), -1),
  "/": () => find(),
  Escape: () => document.activeElement.blur(),
  c() {
    const line = current();
    const call = line?.matches("summary") ? line.parentElement.querySelector("li:last-child a.call") : line;
    if (call) location.href = `/llm/compare?${new URLSearchParams({ after: call.dataset.call })}`;
  },
});
