// The feed of changes. Says when it is lost, and comes back by itself.

const FEED = "/llm/api/updates";
const LONGEST_WAIT = 8000;

// `message` gets each change. `connected` is called each time the feed begins: until then some may have been missed,
// the first time too, since the page was made.
export function follow({ message, connected }) {
  const state = document.getElementById("connection");
  const notice = document.getElementById("notice");
  let socket = null;
  let wait = 500;
  let timer = null;

  // The login URL has done its work; the password does not belong into the history.
  const here = new URL(location.href);
  if (here.searchParams.has("token")) {
    here.searchParams.delete("token");
    history.replaceState(null, "", here);
  }

  function connect() {
    timer = null;
    const address = new URL(FEED, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    socket = new WebSocket(address);
    socket.onopen = () => {
      wait = 500;
      notice.hidden = true;
      show("live", false);
      connected();
    };
    socket.onmessage = (event) => message(JSON.parse(event.data));
    socket.onclose = () => lost();
  }

  async function lost() {
    show("not connected", true);
    const why = await reason();
    if (why) {
      notice.replaceChildren(...why);
      notice.hidden = false;
    }
    timer = setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }

  function show(text, isLost) {
    state.textContent = text;
    state.classList.toggle("lost", isLost);
  }

  function disconnect() {
    clearTimeout(timer);
    if (socket) socket.onclose = null;
    socket?.close();
    socket = null;
  }

  // A page that nobody sees asks for nothing.
  document.addEventListener("visibilitychange", () => {
    disconnect();
    if (!document.hidden) connect();
  });
  window.addEventListener("pagehide", disconnect);
  window.addEventListener("pageshow", (event) => event.persisted && connect());
  if (!document.hidden) connect();
}

// Why there is no connection, as nodes for the notice; null when there is no more to say.
async function reason() {
  try {
    const response = await fetch("/llm/api/calls?limit=1", { cache: "no-store" });
    if (response.ok) return null;
    if (response.status !== 403 && response.status !== 401) return [`The proxy answers with an error (${response.status}).`];
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = "Log in again";
    return ["Your session is over. ", link, " to go on from here."];
  } catch {
    return ["The proxy does not answer: it was stopped, or is starting again. This page goes on when it is back."];
  }
}
