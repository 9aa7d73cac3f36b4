import { useEffect, useState } from "react";
import { type Project, readProject } from "../api";

const known = new Map<string, string>();

/** What other requests have told already needs no request of its own. */
export function rememberProjects(projects: readonly Project[]): void {
  for (const { id, name } of projects) known.set(id, name);
}

/** The name of a move; null until it is known. */
export function useProjectName(id: string | undefined): string | null {
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    if (!id || known.has(id)) return;
    const stop = new AbortController();
    readProject(id, stop.signal).then(
      (project) => {
        rememberProjects([project]);
        setName(project.name);
      },
      () => {}, // the crumb stays without a name
    );
    return () => stop.abort();
  }, [id]);
  return (id && known.get(id)) || name;
}
