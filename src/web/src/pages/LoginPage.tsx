import { type FormEvent, useEffect, useId, useState } from "react";
import { isProblem, signIn } from "../api";
import { Button, IconButton } from "../components/base/Button";
import { Icon, Logo } from "../components/base/Icon";
import { type Messages, useI18n } from "../i18n";
import { replace } from "../router";
import { pageFeed } from "../stream";
import { LoginArt } from "./LoginArt";
import { LanguageSwitch } from "./Shell";
import { forgetSignedIn } from "./session";

export function LoginPage({ next }: { next: string }) {
  const { m } = useI18n();
  useEffect(() => {
    document.title = `${m.login.title} · Roomtally`;
  }, [m]);
  // It hears of the sign-in and tells the tab that holds the line; a page that was loaded here follows nothing yet.
  useEffect(() => void pageFeed(), []);
  return (
    <main className="grid min-h-dvh lg:grid-cols-[minmax(420px,5fr)_6fr]">
      <div className="grid content-center justify-items-center px-6 py-8">
        <SignInForm next={next} />
      </div>
      <LoginArt />
    </main>
  );
}

function SignInForm({ next }: { next: string }) {
  const { m } = useI18n();
  const [state, setState] = useState<{ busy: boolean; error: string | null }>({ busy: false, error: null });
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setState({ busy: true, error: null });
    try {
      await signIn(String(form.get("email") ?? "").trim(), String(form.get("password") ?? ""));
      forgetSignedIn();
      replace(next);
    } catch (error) {
      setState({ busy: false, error: reasonOf(m, error) });
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid w-full max-w-[340px] gap-4">
      <p className="inline-flex items-center gap-2 text-md font-semibold tracking-[-0.01em]">
        <Logo />
        Roomtally
      </p>
      <div className="mt-5">
        <h1 className="text-[1.5rem] leading-8 font-semibold tracking-tight">{m.login.title}</h1>
        <p className="text-ink-3">{m.login.text}</p>
      </div>
      <Fields error={state.error} />
      <Button type="submit" look="go" size="wide" disabled={state.busy}>
        {state.busy ? m.login.busy : m.login.submit}
      </Button>
      <div>
        <LanguageSwitch />
      </div>
    </form>
  );
}

const INPUT =
  "h-10 w-full rounded-control border border-line-strong bg-surface px-3 text-md aria-invalid:border-failed focus-visible:outline-offset-0";

function Fields({ error }: { error: string | null }) {
  const { m } = useI18n();
  const [email, password, reason] = [useId(), useId(), useId()];
  const [shown, show] = useState(false);
  const wrong = error ? { "aria-invalid": true, "aria-describedby": reason } : {};
  return (
    <>
      <div className="grid gap-1.5">
        <label htmlFor={email} className="text-sm font-medium">
          {m.login.email}
        </label>
        <input id={email} name="email" type="email" autoComplete="username" required className={INPUT} {...wrong} />
      </div>
      <div className="grid gap-1.5">
        <label htmlFor={password} className="text-sm font-medium">
          {m.login.password}
        </label>
        <div className="relative">
          <input
            id={password}
            name="password"
            type={shown ? "text" : "password"}
            autoComplete="current-password"
            required
            className={`${INPUT} pe-11`}
            {...wrong}
          />
          <IconButton
            className="absolute end-0 top-0 md:end-1 md:top-1"
            aria-label={shown ? m.login.hide : m.login.show}
            onClick={() => show(!shown)}
          >
            <Icon name="eye" />
          </IconButton>
        </div>
        <p id={reason} role="alert" className="flex min-h-[18px] gap-1.5 text-sm text-failed-ink">
          {error && (
            <>
              <Icon name="alert" />
              <span>{error}</span>
            </>
          )}
        </p>
      </div>
    </>
  );
}

function reasonOf(m: Messages, error: unknown): string {
  if (!isProblem(error)) return m.login.failed;
  if (error.status === 429) return m.login.wait((error.retryAfterMs ?? 60_000) / 1000);
  return error.status === 401 || error.status === 400 ? m.login.wrong : m.login.failed;
}
