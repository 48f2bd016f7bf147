// The pages about one call: an answer that is still arriving, the keyboard, copying.

import { follow } from "./connection.js";
import { copyButtons } from "./copy.js";
import { coalesced, part } from "./fetching.js";
import { keys } from "./keys.js";
import { morph } from "./morph.js";
import { localTimes } from "./times.js";

const main = document.querySelector("main.one");
const { call, run } = main.dataset;

localTimes(document);
copyButtons();

const refresh = coalesced(async () => {
  const found = await part(`/llm/calls/${encodeURIComponent(call)}/answer`);
  const page = document.documentElement;
  const atEnd = page.scrollHeight - page.clientHeight - page.scrollTop < 40 && page.scrollTop > 0;
  for (const id of ["head", "answers", "outcome"]) {
    const old = document.getElementById(id);
    if (old) morph(old, found.getElementById(id));
  }
  if (atEnd) page.scrollTop = page.scrollHeight;
}, () => 250);

follow({
  message(change) {
    if (change.type === "call" && (change.call.id === call || change.call["llm_sidecar.run"] === run)) refresh();
    if (change.type === "removed" && change.id === call) {
      const notice = document.getElementById("notice");
      notice.textContent = "The proxy no longer keeps this call. What is shown here is all that is left of it.";
      notice.hidden = false;
    }
  },
  connected: refresh,
});

main.addEventListener("click", (event) => {
  const button = event.target.closest(".show-all");
  if (!button) return;
  button.previousElementSibling.classList.replace("clamp", "opened");
  button.remove();
});

const go = (selector) => {
  const link = document.querySelector(selector);
  if (link) location.href = link.href;
};

keys({
  j: () => go("a[rel=next]"),
  k: () => go("a[rel=prev]"),
  c: () => go("#compare"),
  "/": () => { location.href = "/llm#search"; },
  Escape: () => go(".brand"),
});
