const TAIL = 9;
const SHORT = 18;

/** Cut in the middle where there is no room: the end of a name is what tells photos apart. Always text, never markup. */
export function FileName({ name, className = "" }: { name: string; className?: string }) {
  if (name.length <= SHORT) return <span className={`block truncate ${className}`}>{name}</span>;
  const signs = Array.from(name);
  return (
    <span className={`flex min-w-0 ${className}`} title={name}>
      <span className="truncate whitespace-pre">{signs.slice(0, -TAIL).join("")}</span>
      <span className="whitespace-pre">{signs.slice(-TAIL).join("")}</span>
    </span>
  );
}
