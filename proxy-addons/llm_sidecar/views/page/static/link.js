// On mitmweb's own page: a link to the LLM page, and to the call of the flow that is selected; and room for the
// comment's column, where a call's summary stands.

const link = document.createElement("a");
link.id = "llm-link";

function aim() {
  const flow = /^#\/flows\/([0-9a-f-]+)/.exec(location.hash);
  link.href = flow ? `/llm/calls/${flow[1]}` : "/llm";
  link.textContent = flow ? "LLM call" : "LLM calls";
}

window.addEventListener("hashchange", aim);
window.addEventListener("DOMContentLoaded", () => {
  aim();
  document.body.append(link);
  const style = document.createElement("style");
  style.textContent = ".flow-table th.col-comment, .flow-table td.col-comment { width: 45% }";
  document.head.append(style);
});
