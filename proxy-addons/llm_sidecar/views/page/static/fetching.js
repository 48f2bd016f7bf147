// Parts of the page, rendered by the server.

import { localTimes } from "./times.js";

// The part as a document fragment. Throws where the server does not answer, or not with a part.
export async function part(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  localTimes(template.content);
  return template.content;
}

// Calls `work` soon, once for all calls of `soon` until then, and never while an earlier one is under way.
export function coalesced(work, pause) {
  let timer = null;
  let busy = false;
  let again = false;
  async function run() {
    timer = null;
    busy = true;
    try {
      await work();
    } catch (error) {
      console.warn(error);
    }
    busy = false;
    if (again) {
      again = false;
      soon();
    }
  }
  function soon() {
    if (busy) again = true;
    else timer ??= setTimeout(run, pause());
  }
  return soon;
}
