import { useState } from "react";
import { thumbnailOf } from "../../api";
import type { Photo } from "../../api/schema";
import { Icon } from "../base/Icon";
import { usePhotoPreview } from "./previews";

const FRAME = "photo-edge relative grid aspect-4/3 place-items-center overflow-hidden rounded-photo";

/** The small picture of a photo, always 4:3: the service's once it was looked at, before that this tab's own copy, else a camera. */
export function Thumb({ photo, className = "" }: { photo: Photo; className?: string }) {
  if (photo.status === "ERROR") {
    return (
      <span className={`${FRAME} bg-failed-soft text-failed-ink ${className}`}>
        <Icon name="alert" className="size-5" />
      </span>
    );
  }
  const done = photo.status === "DONE";
  return (
    <span className={`${FRAME} bg-sunken text-ink-3 ${className}`}>
      {done ? <Picture src={thumbnailOf(photo.id)} /> : <OwnCopy id={photo.id} waits={photo.status === "PENDING"} />}
      {photo.status === "PROCESSING" && <span className="sheen dark:[--sheen:oklch(1_0_0/0.25)]" />}
    </span>
  );
}

/** A picture that fades in over the camera, and leaves the camera where it cannot be loaded. */
export function Picture({ src, className = "" }: { src: string; className?: string }) {
  const [failed, setFailed] = useState<string | null>(null);
  if (failed === src) return <Icon name="camera" className="size-5" />;
  return (
    <img
      src={src}
      alt=""
      loading="lazy"
      decoding="async"
      onError={() => setFailed(src)}
      className={`absolute inset-0 size-full animate-fade object-cover ${className}`}
    />
  );
}

function OwnCopy({ id, waits }: { id: string; waits: boolean }) {
  const address = usePhotoPreview(id);
  if (!address) return <Icon name="camera" className="size-5" />;
  return <Picture src={address} className={waits ? "opacity-45 saturate-[0.3]" : ""} />;
}
