// Follows a stream with the npm package `eventsource` and prints each event as a line of JSON, reconnects included.
// usage: node watch.mjs URL TOKEN
import { EventSource } from "eventsource";

const [url, token] = process.argv.slice(2);
const source = new EventSource(url, {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } }),
});
const print = (type) => (event) =>
  console.log(JSON.stringify({ type, id: event.lastEventId, data: event.data && JSON.parse(event.data) }));

for (const type of ["message", "progress", "complete", "ping", "timeout", "reset"]) source.addEventListener(type, print(type));
source.addEventListener("open", () => console.log(JSON.stringify({ type: "open" })));
source.addEventListener("error", (event) => {
  // a dropped connection is retried by the package itself; 204 and refusals close it for good
  console.log(JSON.stringify({ type: "error", code: event.code, closed: source.readyState === EventSource.CLOSED }));
  if (source.readyState === EventSource.CLOSED) process.exit(0);
});
