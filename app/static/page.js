// Sends the question, and shows the answer as it arrives. What comes from a model is only ever set as text.
"use strict";

const form = document.getElementById("question");
const ask = document.getElementById("ask");
const stop = document.getElementById("stop");
const answers = document.getElementById("answers");
const webUrl = document.body.dataset.webUrl;
let running = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!running) submit();
});
form.prompt.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
stop.addEventListener("click", () => running?.abort());
document.getElementById("tool-demo").addEventListener("click", (event) => {
  form.prompt.value = event.target.dataset.prompt;
  form.tools.checked = true;
  form.requestSubmit();
});

async function submit() {
  const question = {
    prompt: form.prompt.value,
    api: form.api.value,
    stream: form.stream.checked,
    tools: form.tools.checked,
  };
  const view = showQuestion(question);
  const started = performance.now();
  running = new AbortController();
  toggle(true);
  try {
    await receive(question, view, running.signal);
    view.status(`${((performance.now() - started) / 1000).toFixed(1)} s`);
  } catch (error) {
    if (error.name === "AbortError") view.status("stopped");
    else view.error("The connection to this app is gone: is it still running?");
  } finally {
    running = null;
    toggle(false);
    view.done();
  }
}

async function receive(question, view, signal) {
  const response = await fetch("ask", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(question),
    signal,
  });
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    view.error(body.error || `This app answered with status ${response.status}.`);
    return;
  }
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) view.show(JSON.parse(line));
  }
}

function showQuestion(question) {
  const node = document.getElementById("answer").content.cloneNode(true).firstElementChild;
  const part = (name) => node.querySelector(`.${name}`);
  const api = question.api === "chat" ? "Chat Completions" : "Responses";
  part("prompt").textContent = question.prompt;
  part("how").textContent = [api, question.stream && "streaming", question.tools && "tool add"].filter(Boolean).join(" · ");
  node.classList.add("running");
  answers.prepend(node);

  const view = {
    show(event) {
      if (event.text) part("text").append(event.text);
      if (event.call) link(event.call);
      if (event.tool) tool(event);
      if (event.error) view.error(event.error);
    },
    error(line) {
      part("error").textContent = line;
      part("error").hidden = false;
    },
    status(text) {
      part("status").textContent = text;
    },
    done() {
      node.classList.remove("running");
    },
  };

  function tool({ tool, arguments: given, result }) {
    const item = document.createElement("li");
    const code = document.createElement("code");
    code.textContent = `${tool}(${given}) → ${result}`;
    item.append(code);
    part("tools").append(item);
  }

  function link(id) {
    if (!webUrl) return;
    const a = document.createElement("a");
    const round = part("links").childElementCount + 1;
    a.textContent = round === 1 ? "See the call" : `See call ${round}`;
    a.href = `${webUrl}/llm?q=${encodeURIComponent(id)}`;
    a.target = "_blank";
    a.rel = "noopener";
    part("links").append(a);
  }

  return view;
}

function toggle(busy) {
  ask.disabled = busy;
  stop.hidden = !busy;
}
