export function BatchPage({ batchId }: { batchId: string }) {
  return <main>{batchId}</main>;
}
