export function LoginPage({ next }: { next: string }) {
  return <main>{next}</main>;
}
