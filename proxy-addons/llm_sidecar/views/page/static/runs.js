// The runs in the list. What one reads stays where it is: what is new waits above, unless one looks at the top.

import { morph } from "./morph.js";

const MOST = 500;

export class Runs {
  constructor(listing) {
    this.listing = listing;
    this.held = new Map();
    this.button = document.getElementById("arrived");
    this.button.addEventListener("click", () => {
      this.release();
      window.scrollTo({ top: 0 });
    });
    window.addEventListener("scroll", () => this.atTop() && this.release(), { passive: true });
  }

  get list() {
    return this.listing.querySelector("#runs");
  }

  section(id) {
    return [...this.list.children].find((each) => each.dataset.run === id);
  }

  runOf(call) {
    const line = [...this.list.querySelectorAll("a.call")].find((each) => each.dataset.call === call);
    return line?.closest(".run").dataset.run;
  }

  lastKey() {
    return this.list.lastElementChild?.dataset.key ?? "";
  }

  atTop() {
    return window.scrollY < 8 && !this.list.contains(document.activeElement) && getSelection().isCollapsed;
  }

  // Take in these runs as `found` has them; one that it does not have is gone.
  merge(found, ids) {
    const fresh = new Map([...found.querySelectorAll(".run")].map((each) => [each.dataset.run, each]));
    const present = new Map([...this.list.children].map((each) => [each.dataset.run, each]));
    this.steady(() => {
      for (const id of ids) {
        const now = fresh.get(id);
        const old = present.get(id);
        if (!now) {
          old?.remove();
          this.held.delete(id);
        } else if (old) this.update(old, now);
        else this.held.set(id, now);
      }
      morph(this.listing.querySelector("#totals"), found.querySelector("#totals"));
      if (this.atTop()) this.release();
    });
    this.showHeld();
  }

  // As `merge`, for the first page: all that is newer than its end and not in it is gone.
  mergePage(found) {
    const pages = [...found.querySelectorAll(".run")];
    const end = found.querySelector("#more") ? Number.parseFloat(pages.at(-1).dataset.key) : -Infinity;
    const here = [...this.list.children].filter((each) => Number.parseFloat(each.dataset.key) >= end);
    this.merge(found, new Set([...pages, ...here].map((each) => each.dataset.run)));
  }

  replace(found) {
    this.held.clear();
    this.listing.replaceChildren(found);
    this.showHeld();
  }

  append(found) {
    for (const each of [...found.querySelectorAll(".run")]) if (!this.section(each.dataset.run)) this.list.append(each);
    const more = found.querySelector("#more");
    this.listing.querySelector("#more")?.remove();
    if (more) this.listing.append(more);
  }

  release() {
    for (const each of [...this.held.values()]) {
      const newest = Number.parseFloat(each.dataset.key);
      const older = [...this.list.children].find((other) => Number.parseFloat(other.dataset.key) < newest);
      this.list.insertBefore(each, older ?? null);
    }
    this.held.clear();
    // A page that is open all day does not grow all day: the end can be asked for again.
    if (this.list.children.length > MOST && this.listing.querySelector("#more")) {
      [...this.list.children].slice(MOST).forEach((each) => each.remove());
    }
    this.showHeld();
  }

  showHeld() {
    const calls = [...this.held.values()].reduce((sum, each) => sum + Number(each.dataset.calls), 0);
    this.button.hidden = calls === 0;
    this.button.textContent = `↑ ${calls} new ${calls === 1 ? "call" : "calls"}`;
  }

  update(old, now) {
    const focused = old.contains(document.activeElement) ? document.activeElement.dataset.call : undefined;
    const wasOne = old.firstElementChild.matches("a");
    morph(old, now);
    const details = old.querySelector("details");
    // A call on its own that has become a run stays in sight.
    if (wasOne && details) details.open = true;
    if (focused) [...old.querySelectorAll("a.call")].find((each) => each.dataset.call === focused)?.focus({ preventScroll: true });
  }

  // Changes above what is in sight do not move it.
  steady(change) {
    const anchor = [...this.list.children].find((each) => each.getBoundingClientRect().bottom > 0);
    const before = anchor?.getBoundingClientRect().top;
    const top = this.atTop();
    change();
    if (!top && anchor?.isConnected) window.scrollBy(0, anchor.getBoundingClientRect().top - before);
  }
}
