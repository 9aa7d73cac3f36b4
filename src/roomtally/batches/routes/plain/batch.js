// Keeps the served page live: one EventSource, closed and opened again by hand where the browser would give up or not notice.
import { problemOf } from "/plain/shared.js";

const HEARTBEAT_MS = 15_000;
const SILENT_MS = 2.5 * HEARTBEAT_MS; // two lost pings are a dead line, one late ping is not
const LONGEST_PAUSE_MS = 30_000;
const BATCH_WORD = { QUEUED: "Queued", PROCESSING: "Processing", COMPLETED: "Finished", PARTIAL: "Partial", FAILED: "Failed", CANCELLING: "Cancelling", CANCELLED: "Cancelled" };
const PHOTO_WORD = { PENDING: "Waiting", PROCESSING: "Processing", DONE: "Done", ERROR: "Failed" };

const at = (id) => document.getElementById(id);
const page = at("batch");
const address = `/api/batches/${page.dataset.batch}`;
const rows = new Map([...document.querySelectorAll("[data-photo]")].map((row) => [row.dataset.photo, row]));
let source = null;
let lastId = page.dataset.event;
let watchdog, reopening;
let failures = 0;
let over = "finished" in page.dataset;
let spoken = -1;
let reading = null; // "now", or "again": something changed meanwhile
let gone = false;

// Volumes are whole litres; halves go up.
const rounded = (volume, decimals) => (Math.round(Math.round(volume * 1000) / 10 ** (3 - decimals)) / 10 ** decimals).toFixed(decimals);
const cubicMetres = (volume) => (volume > 0 && volume < 0.005 ? "< 0.01 m³" : `${rounded(volume, 2)} m³`);
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const room = (type) => type.charAt(0).toUpperCase() + type.slice(1).replaceAll("_", " ");

// --- the line to the service

function open() {
  close();
  source = new EventSource(`${address}/stream?after=${encodeURIComponent(lastId)}`);
  const on = (type, handle) => source.addEventListener(type, (event) => { heard(event); handle(event); });
  on("progress", (event) => render(JSON.parse(event.data)));
  on("complete", finish);
  on("ping", () => {});
  on("reset", () => { lastId = ""; });
  on("timeout", (event) => { close(); reopen(JSON.parse(event.data).retryMs); });
  source.addEventListener("open", () => link("live", "Live"));
  source.addEventListener("error", (event) => (event.data ? refused(JSON.parse(event.data)) : broken()));
  watch();
}

function close() {
  clearTimeout(watchdog);
  clearTimeout(reopening);
  source?.close();
}

function heard(event) {
  failures = 0;
  if (event.lastEventId) lastId = event.lastEventId;
  link("live", "Live");
  watch();
}

function watch() {
  clearTimeout(watchdog);
  watchdog = setTimeout(() => { link("lost", "Connection lost"); retry(); }, SILENT_MS);
}

/** The browser tries again by itself (CONNECTING), or has given up (CLOSED: any answer but 200); then REST says why. */
async function broken() {
  if (source.readyState === EventSource.CONNECTING) return link("retry", "Reconnecting…");
  close();
  link("retry", "Reconnecting…");
  try {
    const response = await fetch(address);
    if (response.status === 401) return stop("Your session has ended. Sign in to go on following; nothing is lost.", "/login");
    if (response.status === 404) return stop("This batch does not exist, or is not yours. It may have been deleted.");
    if (!response.ok) return retry(Number(response.headers.get("Retry-After")) * 1000, await problemOf(response));
    const snapshot = await response.json();
    render(snapshot);
    if (["COMPLETED", "PARTIAL", "FAILED", "CANCELLED"].includes(snapshot.status)) return finish();
    retry();
  } catch {
    retry();
  }
}

function retry(pause = 0, why = "") {
  failures += 1;
  if (failures > 2) link("lost", why || "Connection lost, trying again");
  reopen(pause || Math.min(1000 * 2 ** failures, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2));
}

function reopen(pause) {
  close();
  reopening = setTimeout(open, pause);
}

function refused(problem) {
  if (problem.retryable) return;
  stop(problem.message);
}

function stop(message, href) {
  over = gone = true;
  close();
  link("lost", "Following ended");
  at("note-text").textContent = message;
  if (href) at("note-text").append(" ", Object.assign(document.createElement("a"), { href, textContent: "Sign in" }));
  at("note").hidden = false;
}

function finish() {
  over = true;
  close();
  link("over", "Up to date");
  readThings();
}

function link(state, word) {
  at("live").dataset.state = state;
  at("live-word").textContent = word;
  at("bar").toggleAttribute("data-stale", state === "lost");
}

// A phone that slept has a dead socket and no error event; a page from the back/forward cache has none at all.
addEventListener("pageshow", (event) => { if (event.persisted && !over) open(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && !over && source?.readyState !== EventSource.OPEN) open(); });
addEventListener("online", () => { if (!over) open(); });

// --- the page

function render(snapshot) {
  const { counts, progress, status, paused } = snapshot;
  const finished = counts.completed + counts.failed;
  document.title = `${progress}% · ${at("title").textContent} · Roomtally`;
  const badge = document.querySelector(".head .badge");
  badge.dataset.status = at("bar").dataset.status = status;
  badge.toggleAttribute("data-paused", paused);
  badge.textContent = paused ? "Paused" : BATCH_WORD[status];
  at("percent").textContent = progress;
  at("of").textContent = `${finished}/${counts.total} photos`;
  at("bar").setAttribute("aria-valuenow", progress);
  at("bar-done").setAttribute("width", counts.completed);
  at("bar-failed").setAttribute("width", finished);
  at("bar-work").setAttribute("width", finished + counts.processing);
  for (const name of ["queued", "processing", "completed", "failed"]) at(`n-${name}`).textContent = counts[name];
  at("n-processing").parentElement.toggleAttribute("data-busy", counts.processing > 0);
  snapshot.photos.forEach(renderPhoto);
  renderInventory(snapshot);
  speak(progress, BATCH_WORD[status], finished, counts.total);
}

function renderPhoto(photo) {
  const row = rows.get(photo.id);
  const seen = JSON.stringify(photo);
  if (!row || row.dataset.seen === seen) return;
  row.dataset.seen = seen;
  row.dataset.status = photo.status;
  row.querySelector(".st use").setAttribute("href", `#i-${photo.status}`);
  row.querySelector(".st__word").textContent = PHOTO_WORD[photo.status];
  const done = photo.status === "DONE";
  const chip = row.querySelector(".chip");
  chip.hidden = !done || !photo.roomType;
  chip.textContent = room(photo.roomType ?? "");
  row.querySelector(".photo__result").textContent = done ? counted(photo) : (photo.error ?? "");
  if (done && !row.querySelector("img")) {
    row.querySelector(".thumb").append(Object.assign(document.createElement("img"), { src: `/api/photos/${photo.id}/thumbnail`, alt: "" }));
  }
}

function counted({ itemCount, volume }) {
  return itemCount ? `${plural(itemCount, "item")} · ${cubicMetres(volume)}` : "No furniture in this photo";
}

function renderInventory({ inventorySummary: summary, counts, status }) {
  const open = counts.queued + counts.processing;
  const running = ["QUEUED", "PROCESSING", "CANCELLING"].includes(status);
  at("inventory-title").textContent = running ? "Inventory so far" : "Inventory";
  at("total").hidden = !summary;
  at("hint").textContent = hint(summary, running, open);
  if (!summary) return;
  at("volume").textContent = rounded(summary.totalVolume, 1);
  at("items").textContent = plural(summary.totalItems, "item");
  readThings();
}

function hint(summary, running, open) {
  if (running) return summary ? `Provisional: ${plural(open, "photo")} still to be counted.` : "The volume appears with the first counted photo.";
  if (!summary) return "No photo could be counted.";
  return open ? `${plural(open, "photo")} not analysed.` : "";
}

/** The stream says how many items there are, the served page which. At most once a second; the last change is always read. */
async function readThings() {
  if (reading) {
    reading = "again";
    return;
  }
  reading = "now";
  try {
    const response = await fetch(location.href);
    if (!response.ok) throw new Error(response.status);
    show(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch {
    reading = "again";
  }
  setTimeout(() => {
    const again = reading === "again" && !gone;
    reading = null;
    if (again) readThings();
  }, 1000);
}

function show(served) {
  for (const id of ["rooms", "range", "also"]) at(id)?.replaceChildren(...(served.getElementById(id)?.childNodes ?? []));
  for (const things of served.querySelectorAll("[data-photo] .photo__things")) {
    const row = rows.get(things.closest("[data-photo]").dataset.photo);
    row?.querySelector(".photo__things").replaceChildren(...things.childNodes);
  }
}

function speak(progress, word, finished, total) {
  const quarter = Math.floor(progress / 25);
  if (quarter === spoken) return;
  spoken = quarter;
  at("say").textContent = `${word}: ${progress}%, ${finished} of ${total} photos.`;
}

if (!over) open();
