import { type FormEvent, useId, useRef, useState } from "react";
import { createProject, isProblem, newKey } from "../api";
import type { Project } from "../api/schema";
import { Button } from "../components/base/Button";
import { Dialog } from "../components/base/Dialog";
import { useI18n } from "../i18n";
import { rememberProjects } from "./projectName";

const LONGEST = 200; // characters; the service says the same

interface NewMoveProps {
  open: boolean;
  onClose: () => void;
  onMade: (project: Project) => void;
}

export function NewMove({ open, onClose, onMade }: NewMoveProps) {
  const { m } = useI18n();
  const titleId = useId();
  return (
    <Dialog open={open} onClose={onClose} labelledBy={titleId} className="max-w-[calc(100vw-2rem)] sm:max-w-sm">
      <div className="p-5">
        <h2 id={titleId} className="text-md font-semibold">
          {m.home.newMove}
        </h2>
        {open && <NameForm onClose={onClose} onMade={onMade} />}
      </div>
    </Dialog>
  );
}

function NameForm({ onClose, onMade }: Omit<NewMoveProps, "open">) {
  const { m } = useI18n();
  const [field, hint] = [useId(), useId()];
  const [failed, setFailed] = useState(false);
  const key = useRef(newKey()); // of this wish: a second press makes no second move
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
    if (!name) return;
    try {
      const project = await createProject(name, key.current);
      rememberProjects([project]);
      onMade(project);
    } catch (error) {
      if (isProblem(error, "idempotency-key-reused")) key.current = newKey();
      setFailed(true);
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="mt-3 grid gap-1.5">
      <label htmlFor={field} className="text-sm font-medium">
        {m.home.newMoveName}
      </label>
      <input
        id={field}
        name="name"
        required
        maxLength={LONGEST}
        autoComplete="off"
        aria-describedby={hint}
        className="h-10 w-full rounded-control border border-line-strong bg-surface px-3 text-md focus-visible:outline-offset-0"
      />
      <p
        id={hint}
        className={`text-sm ${failed ? "text-failed-ink" : "text-ink-3"}`}
        role={failed ? "alert" : undefined}
      >
        {failed ? m.act.failedToAct : m.home.newMoveHint}
      </p>
      <div className="mt-3 flex justify-end gap-2">
        <Button onClick={onClose}>{m.home.cancel}</Button>
        <Button type="submit" look="go">
          {m.home.create}
        </Button>
      </div>
    </form>
  );
}
