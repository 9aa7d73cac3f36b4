import { problemOf } from "/plain/shared.js";

const form = document.getElementById("login");
const error = document.getElementById("error");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  error.hidden = true;
  try {
    const body = JSON.stringify({ email: form.email.value, password: form.password.value });
    const response = await fetch("/api/sessions", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!response.ok) throw new Error(await problemOf(response));
    location.replace(form.dataset.next);
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
    button.disabled = false;
  }
});
