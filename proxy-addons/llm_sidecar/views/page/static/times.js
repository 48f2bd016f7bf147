// Times of the page in the reader's own time zone; the server writes them in UTC.

const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const date = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export function localTimes(root) {
  const today = new Date().toDateString();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const time = new Date(element.dateTime);
    if (Number.isNaN(time.getTime())) continue;
    const short = time.toDateString() === today ? clock : date;
    element.textContent = "long" in element.dataset ? time.toLocaleString() : time.toLocaleString([], short);
    element.title = time.toString();
  }
}
