export function UnknownPage() {
  return <main />;
}
