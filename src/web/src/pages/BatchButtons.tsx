import { useState } from "react";
import type { Snapshot } from "../api/schema";
import { Button, buttonClass } from "../components/base/Button";
import { Confirm } from "../components/base/Dialog";
import { Icon } from "../components/base/Icon";
import { Menu, type MenuItem } from "../components/base/Menu";
import { isFinished } from "../components/progress/state";
import { useI18n } from "../i18n";
import { Link } from "../router";
import type { BatchActions } from "./useBatchActions";

type Asked = "cancel" | "remove" | null;

/** What can be done to a batch now. What destroys asks first. */
export function BatchButtons({ data, actions }: { data: Snapshot; actions: BatchActions }) {
  const { m } = useI18n();
  const [asked, ask] = useState<Asked>(null);
  const { counts } = data;
  const left = counts.queued + counts.processing;
  const stoppable = !isFinished(data.status) && data.status !== "CANCELLING";
  const items: MenuItem[] = [
    ...(stoppable ? [item("cancel", "stop", m.act.cancelBatch, () => ask("cancel"))] : []),
    item("remove", "bin", m.act.deleteBatch, () => ask("remove")),
  ];
  return (
    <>
      <MainButton data={data} actions={actions} />
      <Menu
        label={m.act.more}
        buttonClass={buttonClass("plain", "icon")}
        button={<Icon name="dots" className="size-4 stroke-[2.4]" />}
        items={items}
      />
      <Confirm
        {...m.ask.cancel}
        open={asked === "cancel"}
        text={m.ask.cancel.text(counts.completed + counts.failed, left)}
        onNo={() => ask(null)}
        onYes={() => {
          ask(null);
          actions.cancel();
        }}
      />
      <Confirm
        {...m.ask.remove}
        open={asked === "remove"}
        text={m.ask.remove.text(counts.total)}
        onNo={() => ask(null)}
        onYes={() => {
          ask(null);
          actions.remove();
        }}
      />
    </>
  );
}

function item(key: string, icon: "stop" | "bin", word: string, onSelect: () => void): MenuItem {
  const content = (
    <>
      <Icon name={icon} />
      {word}
    </>
  );
  return { key, content, bad: true, onSelect };
}

function MainButton({ data, actions }: { data: Snapshot; actions: BatchActions }) {
  const { m } = useI18n();
  if (isFinished(data.status)) {
    return (
      <Link
        className={buttonClass("plain", "normal", "max-[24rem]:px-2 max-[24rem]:[&>svg]:hidden")}
        href={`/?move=${data.projectId}`}
      >
        <Icon name="camera" />
        {m.act.addPhotos}
      </Link>
    );
  }
  if (data.status === "CANCELLING") return null;
  return data.paused ? (
    <Button look="go" onClick={actions.resume} disabled={actions.busy}>
      <Icon name="play" />
      {m.act.resume}
    </Button>
  ) : (
    <Button onClick={actions.pause} disabled={actions.busy}>
      <Icon name="pause" />
      {m.act.pause}
    </Button>
  );
}
