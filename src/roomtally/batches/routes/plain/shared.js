/** What a problem document says, or that there was none. */
export async function problemOf(response) {
  try {
    return (await response.json()).detail;
  } catch {
    return `The service answered ${response.status}.`;
  }
}

document.getElementById("sign-out")?.addEventListener("click", async () => {
  await fetch("/api/sessions/current", { method: "DELETE" });
  location.assign("/login");
});

// The served text is in UTC; a person reads the time of their own clock.
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
}
