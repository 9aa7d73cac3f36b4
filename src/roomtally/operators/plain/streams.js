const problem = document.getElementById("problem");

document.getElementById("streams")?.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-close]");
  if (!button) return;
  button.disabled = true;
  const answer = await fetch(`/admin/streams/${button.dataset.close}`, { method: "DELETE" }).catch(() => null);
  // 404: it has ended by itself. 503: the process that has it did not answer.
  if (answer?.ok) {
    button.closest("tr").remove();
    return;
  }
  button.disabled = false;
  problem.hidden = false;
  problem.textContent = answer ? (await answer.json()).detail : "The service does not answer.";
});
