/** Once the batch is made, go to Roomtally's own page of it. Nothing of this package is needed. */
export async function submit(projectId: string, uploads: string[]): Promise<void> {
  const answer = await fetch("/api/batches", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify({ projectId, uploads }),
  });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  const batch: { batchId: string } = await answer.json();
  window.location.assign(`/batches/${batch.batchId}`);
}
