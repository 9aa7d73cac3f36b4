import type { Snapshot } from "../../api/schema";
import type { Connection } from "../../stream";
import { Announcer } from "./Announcer";
import type { Filter } from "./Counters";
import { RunCard } from "./RunCard";
import { Trouble } from "./Trouble";

interface ProgressProps {
  progress: Snapshot | null;
  connection: Connection | undefined;
  lastUpdate: number | null;
  /** The heading that names it. */
  titleId: string;
  filter: Filter | null;
  onFilter: ((filter: Filter | null) => void) | undefined;
  onRetry: () => void;
  signInAt?: string;
}

/** What moves, what is said of it to those who do not see it, and what is wrong with the line: on the page and in the component alike. */
export function Progress({
  progress,
  connection,
  lastUpdate,
  titleId,
  filter,
  onFilter,
  onRetry,
  signInAt,
}: ProgressProps) {
  return (
    <>
      <Announcer progress={progress} connection={connection} />
      <RunCard
        progress={progress}
        connection={connection}
        lastUpdate={lastUpdate}
        labelledBy={titleId}
        filter={filter}
        onFilter={onFilter}
      />
      {connection && (
        <Trouble
          connection={connection}
          lastUpdate={lastUpdate}
          onRetry={onRetry}
          {...(signInAt ? { signInAt } : {})}
        />
      )}
    </>
  );
}
