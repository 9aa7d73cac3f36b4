import { addItem, correctItem, type FoundItem, isProblem, Problem, readPhotoItems, removeItem } from "../../api";
import type { CorrectedItem, Photo, Snapshot } from "../../api/schema";
import { type Draft, draftItem, inPlace, type Wish, wished } from "./wishes";

export type { Draft, Wish };

/** How the newest correction ended. `total`: m³ of the batch after it. */
export type Outcome =
  | { kind: "saved"; item: FoundItem; total: number }
  | { kind: "removed"; item: FoundItem }
  | { kind: "refused"; slug: string };

export interface ItemsView {
  /** none: nobody has asked for them. */
  state: "none" | "loading" | "failed" | "known";
  /** As the person wishes them; the service may still be about to say so. */
  items: readonly FoundItem[];
  outcome: Outcome | null;
}

/** Whoever is told what a correction did to the batch. */
export interface Corrector {
  /** The state of the batch after it. */
  onBatch: (batch: Snapshot) => void;
  /** Somebody else was quicker: what is known of the batch is old. */
  onStale: () => void;
  onSignedOut: () => void;
}

const NOTHING: ItemsView = { state: "none", items: [], outcome: null };

/** What of a photo says that its items have changed. */
export function keyOf(photo: Photo): string {
  return `${photo.itemCount} ${photo.volume}`;
}

/**
 * The items of one photo, and the person's corrections of them: each is shown at once, sent, and undone where the service refuses it.
 *
 * One request at a time goes out for an item, since each must name the version that the one before it made; what is wished meanwhile goes
 * out together. While one is under way nothing is read, so that an older list never comes over a newer word.
 */
export class PhotoItems {
  readonly #photoId: string;
  readonly #corrector: Corrector;
  readonly #listeners = new Set<() => void>();
  readonly #wishes = new Map<string, Wish>();
  readonly #sending = new Set<string>();
  readonly #sends = new Map<string, Promise<boolean>>();
  readonly #held = new Set<string>();
  #truth: readonly FoundItem[] = []; // removed ones too, with a count of 0: they can be brought back
  #drafts: readonly FoundItem[] = [];
  #known: "loading" | "failed" | "known" = "loading";
  #outcome: Outcome | null = null;
  #wanted: string | null = null; // the key of what shall be known
  #have: string | null = null; // the key of what is known
  #reading: AbortController | null = null;
  #serial = 0;
  #view = NOTHING;

  constructor(photoId: string, corrector: Corrector) {
    this.#photoId = photoId;
    this.#corrector = corrector;
  }

  get view(): ItemsView {
    return this.#view;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** `key`: of the photo as it is now, null while nothing of it is to be shown. `empty`: nothing is on it, nothing need be asked. */
  follow(key: string | null, empty: boolean): void {
    this.#wanted = key;
    if (key === null) this.#forget();
    else if (empty && this.#have === null) this.#learn(key, []);
    else this.#catchUp();
    if (key !== null && this.#view.state === "none") this.#tell();
  }

  /** Nobody looks any more. What is on its way goes on. */
  close(): void {
    this.#reading?.abort();
    this.#reading = null;
  }

  /**
   * Somebody types at this (an item's id, or "new"): until the returned function is called it stays where it is, even if the item is removed
   * elsewhere or the photo is looked at again.
   */
  hold(what: string): () => void {
    this.#held.add(what);
    return () => {
      this.#held.delete(what);
      if (this.#wanted === null && !this.#held.size) this.#forget();
      else this.#tell();
    };
  }

  /** False where it was refused. */
  async correct(id: string, wish: Wish): Promise<boolean> {
    const before = this.#shown().find((item) => item.id === id);
    this.#wishes.set(id, { ...this.#wishes.get(id), ...wish });
    this.#outcome = wish.count === 0 && before ? { kind: "removed", item: before } : null;
    this.#tell();
    let going = this.#sends.get(id);
    if (!going) {
      going = this.#send(id).finally(() => this.#sends.delete(id));
      this.#sends.set(id, going);
    }
    return await going;
  }

  /** False where it was refused. */
  async add(draft: Draft): Promise<boolean> {
    const shown = draftItem(`new ${++this.#serial}`, draft);
    this.#drafts = [...this.#drafts, shown];
    this.#outcome = null;
    this.#begin(shown.id);
    try {
      const answer = await addItem(this.#photoId, draft);
      this.#dropDraft(shown.id);
      this.#take(answer);
      return true;
    } catch (error) {
      this.#dropDraft(shown.id);
      this.#refuse(error);
      return false;
    } finally {
      this.#finish(shown.id);
    }
  }

  // --- sending

  async #send(id: string): Promise<boolean> {
    this.#begin(id);
    try {
      for (let wish = this.#wishes.get(id); wish; wish = this.#wishes.get(id)) {
        const item = this.#truth.find((each) => each.id === id);
        if (!item) throw new Problem("item-not-found", 404, "");
        const answer = await (wish.count === 0 ? removeItem(item) : correctItem(item, wish));
        if (this.#wishes.get(id) === wish) this.#wishes.delete(id);
        this.#take(answer);
      }
      return true;
    } catch (error) {
      this.#wishes.delete(id);
      this.#refuse(error);
      return false;
    } finally {
      this.#finish(id);
    }
  }

  #begin(id: string): void {
    this.close();
    this.#sending.add(id);
    this.#tell();
  }

  #finish(id: string): void {
    this.#sending.delete(id);
    this.#catchUp();
  }

  #take({ item, batch }: CorrectedItem): void {
    const isKnown = this.#truth.some((each) => each.id === item.id);
    const looked = this.#truth.map((each) => (each.id === item.id ? item : { ...each, proposed: false }));
    this.#truth = isKnown ? looked : [...looked, item];
    this.#spare(batch);
    const offersUndo = this.#outcome?.kind === "removed";
    if (item.count > 0 && !offersUndo)
      this.#outcome = { kind: "saved", item, total: batch.inventorySummary?.totalVolume ?? 0 };
    this.#tell();
    this.#corrector.onBatch(batch);
  }

  /** One's own change is known and not read again. Where the stream has told of a later one already, that one is still read. */
  #spare({ photos }: Snapshot): void {
    const photo = photos.find((each) => each.id === this.#photoId);
    if (!photo || this.#known !== "known") return;
    if (this.#wanted === this.#have) this.#wanted = keyOf(photo);
    this.#have = keyOf(photo);
  }

  #refuse(error: unknown): void {
    const slug = isProblem(error) ? error.slug : "unexpected-answer";
    this.#outcome = { kind: "refused", slug };
    if (slug === "item-changed" || slug === "item-not-found") {
      this.#have = null;
      this.#corrector.onStale();
    }
    if (isProblem(error) && error.status === 401) this.#corrector.onSignedOut();
    this.#tell();
  }

  #dropDraft(id: string): void {
    this.#drafts = this.#drafts.filter((each) => each.id !== id);
  }

  // --- reading

  #catchUp(): void {
    if (this.#wanted === null || this.#wanted === this.#have || this.#sending.size) return;
    void this.#read(this.#wanted);
  }

  async #read(key: string): Promise<void> {
    this.close();
    const reading = new AbortController();
    this.#reading = reading;
    try {
      const { items } = await readPhotoItems(this.#photoId, reading.signal);
      if (!reading.signal.aborted) this.#learn(key, inPlace(this.#truth, items, this.#held));
    } catch {
      if (reading.signal.aborted) return;
      this.#have = key; // the next change asks again
      if (this.#known === "loading") this.#known = "failed";
      this.#tell();
    }
  }

  #learn(key: string, items: readonly FoundItem[]): void {
    this.#truth = items;
    this.#have = key;
    this.#known = "known";
    this.#tell();
  }

  #forget(): void {
    this.close();
    this.#have = null;
    if (!this.#held.size) {
      this.#truth = [];
      this.#known = "loading";
    }
    this.#tell();
  }

  // --- showing

  #shown(): readonly FoundItem[] {
    const items = this.#truth.map((item) => wished(item, this.#wishes.get(item.id)));
    return [...items, ...this.#drafts].filter((item) => item.count > 0 || this.#held.has(item.id));
  }

  #tell(): void {
    const state = this.#wanted === null && !this.#held.size ? "none" : this.#known;
    this.#view = { state, items: this.#shown(), outcome: this.#outcome };
    for (const listener of this.#listeners) listener();
  }
}
