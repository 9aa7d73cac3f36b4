import { problemOf } from "/plain/shared.js";

const PARALLEL = 3;
const form = document.getElementById("send");
const list = document.getElementById("sending");
const error = document.getElementById("error");
let photos = []; // { file, row, uploadId, isRefused }: what is refused once is refused again

form.photos.addEventListener("change", () => {
  photos = [...form.photos.files].map((file) => ({ file, row: rowOf(file), uploadId: null, isRefused: false }));
  list.replaceChildren(...photos.map((photo) => photo.row));
  list.hidden = !photos.length;
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button.btn--go");
  button.disabled = true;
  error.hidden = true;
  try {
    await uploadAll();
    const missing = photos.filter((photo) => !photo.uploadId);
    if (missing.length) throw new Error(notTaken(missing));
    const uploads = photos.map((photo) => photo.uploadId);
    const batch = await post("/api/batches", { projectId: await projectId(), uploads });
    location.assign(`/batches/${batch.batchId}`);
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
    button.disabled = false;
  }
});

function notTaken(missing) {
  const what = `${missing.length} of ${photos.length} photos ${missing.length === 1 ? "was" : "were"} not taken.`;
  const again = missing.some((photo) => !photo.isRefused);
  return `${what} ${again ? "Press the button to send again what failed on the way." : "Leave it out to go on."}`;
}

/** Sends only what is not at the server yet. */
async function uploadAll() {
  const waiting = photos.filter((photo) => !photo.uploadId && !photo.isRefused);
  const sendNext = async () => {
    for (let photo = waiting.shift(); photo; photo = waiting.shift()) await upload(photo);
  };
  await Promise.all(Array.from({ length: PARALLEL }, sendNext));
}

async function upload(photo) {
  show(photo, "PROCESSING", "Sending…");
  const headers = {
    "Content-Type": photo.file.type || "application/octet-stream",
    "X-Filename": encodeURIComponent(photo.file.name),
    "Idempotency-Key": crypto.randomUUID(),
  };
  try {
    const response = await fetch("/api/uploads", { method: "POST", headers, body: photo.file });
    photo.isRefused = response.status >= 400 && response.status < 500 && ![401, 408, 429].includes(response.status);
    if (!response.ok) throw new Error(await problemOf(response));
    photo.uploadId = (await response.json()).uploadId;
    show(photo, "DONE", "Sent");
  } catch (problem) {
    show(photo, "ERROR", problem instanceof TypeError ? "The network was cut." : problem.message);
    leaveOut(photo);
  }
}

async function projectId() {
  const name = form.project.value.trim();
  const known = [...document.querySelectorAll("#projects option")].find((option) => option.value === name);
  return known ? known.dataset.id : (await post("/api/projects", { name })).id;
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await problemOf(response));
  return response.json();
}

function rowOf(file) {
  const row = document.createElement("li");
  const what = Object.assign(document.createElement("span"), { className: "what", textContent: file.name });
  row.append(what, Object.assign(document.createElement("span"), { className: "how", textContent: "Ready" }));
  return row;
}

function show(photo, status, word) {
  photo.row.dataset.status = status;
  photo.row.querySelector(".how").textContent = word;
  photo.row.querySelector("button")?.remove();
}

function leaveOut(photo) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn--s", textContent: "Leave out" });
  button.addEventListener("click", () => {
    photos = photos.filter((other) => other !== photo);
    photo.row.remove();
  });
  photo.row.append(button);
}
