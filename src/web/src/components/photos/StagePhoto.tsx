import { type CSSProperties, useState } from "react";
import { type FoundItem, thumbnailOf } from "../../api";
import type { Photo } from "../../api/schema";
import { useI18n } from "../../i18n";
import { capital } from "../../i18n/capital";
import { Icon } from "../base/Icon";
import { useArrival } from "../base/motion";
import { type Box, boxesOf, isUnsure } from "./boxes";
import { usePhotoPreview } from "./previews";

const FRAME = 4 / 3;
const STEP = 0.03; // s between two boxes
const ONE_BY_ONE = 8; // the others come together
const MANY = 5; // on phones only the chosen one is named then

interface StagePhotoProps {
  photo: Photo;
  items: readonly FoundItem[];
  chosen: string | null;
  onChoose: (id: string | null) => void;
}

/** The whole picture inside a frame of 4:3 that is there before the picture is: nothing moves when it comes. */
export function StagePhoto({ photo, items, chosen, onChoose }: StagePhotoProps) {
  const { m } = useI18n();
  const [shape, setShape] = useState<number | null>(null);
  const own = usePhotoPreview(photo.id);
  const broken = photo.status === "ERROR";
  const src = broken ? null : photo.status === "DONE" ? thumbnailOf(photo.id) : own;
  return (
    <div
      className={`relative grid aspect-4/3 place-items-center overflow-hidden ${broken ? "bg-failed-soft text-failed-ink" : "bg-sunken text-ink-3"}`}
    >
      {src && <Surroundings src={src} />}
      {src ? (
        <div className="relative" style={fitted(shape)} hidden={shape === null}>
          <img
            src={src}
            alt={m.photos.picture(photo.filename)}
            onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setShape(naturalWidth / naturalHeight)}
            className={`size-full animate-fade ${photo.status === "PENDING" ? "opacity-45 saturate-[0.3]" : ""}`}
          />
          {shape !== null && <Boxes items={items} chosen={chosen} onChoose={onChoose} />}
        </div>
      ) : (
        <Icon name={broken ? "alert" : "camera"} className="size-8" />
      )}
      {photo.status === "PROCESSING" && <span className="sheen dark:[--sheen:oklch(1_0_0/0.25)]" />}
    </div>
  );
}

/** The picture itself, out of focus, where an upright one leaves the frame empty. */
function Surroundings({ src }: { src: string }) {
  return (
    <img
      src={src}
      alt=""
      aria-hidden="true"
      className="absolute inset-0 size-full scale-110 object-cover opacity-35 blur-2xl"
    />
  );
}

/** As large as the frame allows; `shape` is width by height, unknown until the picture is there. */
function fitted(shape: number | null): CSSProperties {
  if (shape === null || shape >= FRAME) return { width: "100%", height: `${(FRAME / (shape ?? FRAME)) * 100}%` };
  return { width: `${(shape / FRAME) * 100}%`, height: "100%" };
}

function Boxes({ items, chosen, onChoose }: Pick<StagePhotoProps, "items" | "chosen" | "onChoose">) {
  const boxes = boxesOf(items);
  return boxes.map((box, place) => (
    <BoxButton
      key={box.key}
      box={box}
      chosen={chosen === box.item.id}
      crowded={boxes.length > MANY}
      delay={Math.min(place, ONE_BY_ONE) * STEP}
      onChoose={onChoose}
    />
  ));
}

const HALO = "shadow-[0_0_0_1px_oklch(0.2_0.02_60/0.45),0_0_6px_oklch(0.2_0.02_60/0.35)]";

interface BoxButtonProps {
  box: Box;
  chosen: boolean;
  crowded: boolean;
  delay: number;
  onChoose: (id: string | null) => void;
}

function BoxButton({ box, chosen, crowded, delay, onChoose }: BoxButtonProps) {
  const { f, language } = useI18n();
  const { item } = box;
  const arrival = useArrival<HTMLButtonElement>({ delay });
  const name = capital(language === "fr" ? item.labelFr : item.labelEn);
  const place = box.inside ? "top-0.5 start-0.5" : "bottom-full -start-0.5 mb-0.5";
  return (
    <button
      ref={arrival}
      type="button"
      aria-label={`${name}, ${f.volume(item.volume / item.count)}`}
      aria-pressed={chosen}
      onClick={() => onChoose(item.id)}
      onFocus={() => onChoose(item.id)}
      onPointerEnter={() => onChoose(item.id)}
      style={{ left: `${box.left}%`, top: `${box.top}%`, width: `${box.width}%`, height: `${box.height}%` }}
      className={`absolute rounded-[5px] ${HALO} ${chosen ? "z-1 border-3 border-[oklch(0.80_0.12_325)]" : "border-2 border-white"} ${isUnsure(item) ? "border-dashed" : ""}`}
    >
      <span
        className={`absolute rounded px-1.5 py-px text-xs leading-4 font-medium whitespace-nowrap text-white ${place} ${
          chosen ? "bg-[oklch(0.440_0.128_325)]" : "bg-[oklch(0.22_0.014_60/0.9)]"
        } ${crowded && !chosen ? "max-md:hidden" : ""}`}
      >
        {name}
        {isUnsure(item) && " ?"}
      </span>
    </button>
  );
}
