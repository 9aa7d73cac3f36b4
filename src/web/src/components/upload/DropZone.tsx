import { type DragEvent, useEffect, useRef, useState } from "react";
import { useI18n } from "../../i18n";
import { Button } from "../base/Button";
import { Icon } from "../base/Icon";
import { ACCEPT } from "./intake";

/** Photos by drop, by the file dialog, by the phone's camera. */
export function DropZone({ onFiles }: { onFiles: (files: Iterable<File>) => void }) {
  const { m } = useI18n();
  const [over, setOver] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  useStrayDrops();
  function take(input: HTMLInputElement | null) {
    if (!input?.files) return;
    onFiles([...input.files]);
    input.value = ""; // the same photo may be chosen again
  }
  const drops = {
    onDragOver: (event: DragEvent) => {
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      onFiles([...event.dataTransfer.files]);
    },
  };
  return (
    <div
      {...drops}
      className={`m-4 grid min-h-50 place-content-center justify-items-center gap-1.5 rounded-[10px] border-[1.5px] px-4 py-6 text-center transition-colors duration-(--duration-state) ${over ? "border-brand bg-brand-soft" : "border-dashed border-line-strong bg-canvas"}`}
    >
      <Art />
      <strong className="text-md font-semibold">{over ? m.upload.dropNow : m.upload.drop}</strong>
      <p className="max-w-[44ch] text-sm text-balance text-ink-3">{m.upload.hint}</p>
      <div className="mt-2 mb-1 flex flex-wrap justify-center gap-2">
        <Button onClick={() => picker.current?.click()}>
          <Icon name="grid" />
          {m.upload.pick}
        </Button>
        <Button onClick={() => camera.current?.click()}>
          <Icon name="camera" />
          {m.upload.camera}
        </Button>
      </div>
      <p className="text-sm text-balance text-ink-3">{m.upload.limits}</p>
      <input
        ref={picker}
        type="file"
        accept={ACCEPT}
        multiple
        hidden
        aria-label={m.upload.pick}
        data-picker="files"
        onChange={() => take(picker.current)}
      />
      <input
        ref={camera}
        type="file"
        accept="image/*"
        capture="environment"
        hidden
        aria-label={m.upload.camera}
        data-picker="camera"
        onChange={() => take(camera.current)}
      />
    </div>
  );
}

/** A photo that misses the zone must not replace the page. */
function useStrayDrops(): void {
  useEffect(() => {
    const stop = (event: Event) => event.preventDefault();
    window.addEventListener("dragover", stop);
    window.addEventListener("drop", stop);
    return () => {
      window.removeEventListener("dragover", stop);
      window.removeEventListener("drop", stop);
    };
  }, []);
}

function Art() {
  return (
    <svg
      width="64"
      height="48"
      viewBox="0 0 64 48"
      className="mb-1 fill-none stroke-current stroke-[1.6] text-kraft-deep [stroke-linecap:round] [stroke-linejoin:round]"
      aria-hidden="true"
    >
      <path d="M12 20h40v24H12z" />
      <path d="M12 20 5 13M52 20l7-7M12 20l5-8M52 20l-5-8M28 20v9h8v-9" />
      <path d="M22 4h20v12H22z" className="fill-surface" />
      <path d="m25 13 5-5 4 4 2-2 3 3" />
    </svg>
  );
}
