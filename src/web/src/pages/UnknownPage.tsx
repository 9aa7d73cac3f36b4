import { buttonClass } from "../components/base/Button";
import { CARD } from "../components/base/Card";
import { Empty } from "../components/base/Empty";
import { useI18n } from "../i18n";
import { Link } from "../router";
import { Shell } from "./Shell";

export function UnknownPage() {
  const { m } = useI18n();
  return (
    <Shell>
      <Nothing {...m.trouble.nothing} />
    </Shell>
  );
}

/** In the place of what is not there, or not theirs. */
export function Nothing({ title, text }: { title: string; text: string }) {
  const { m } = useI18n();
  return (
    <div className={CARD}>
      <Empty title={title} level={1}>
        <p>{text}</p>
        <Link className={buttonClass()} href="/">
          {m.act.seeMoves}
        </Link>
      </Empty>
    </div>
  );
}
