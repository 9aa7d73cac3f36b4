import { newKey } from "../api/client";
import { BatchStream } from "./BatchStream";
import { type Connection, dry, HEARTBEAT_MS, revive } from "./connection";
import type { StreamEvent } from "./events";
import type { Ledger } from "./ledger";
import type { Heard, Line } from "./line";
import { CHANNEL, live, seekLead, type Word, watchTab } from "./tabs";

const SILENT_LEADER_MS = 1.2 * HEARTBEAT_MS; // it passes on each ping
const ANSWER_MS = 3000; // a tab that takes longer is asleep, and its connection with it
const MOST = 100; // batches on one stream

/**
 * One connection for all tabs of a browser. HTTP/1.1 allows six per host: without this the seventh tab would hang.
 *
 * The tab that holds a lock is the leader: it follows what all tabs want and tells them each event as it came. When it closes, the browser
 * gives the lock to the next one; when it sleeps (phones), a tab that asks in vain takes the lock. The others fold by themselves.
 */
export class SharedLine implements Line {
  readonly #tab = newKey();
  readonly #ledger: Ledger;
  readonly #heard: Heard;
  readonly #wants = new Map<string, readonly string[]>(); // of the other tabs, while this one leads
  #batches: readonly string[] = [];
  #connection: Connection = { phase: "connecting" };
  #stream: BatchStream | null = null;
  #channel: BroadcastChannel | null = null;
  #life = new AbortController();
  #release = () => {}; // the lead
  #die = () => {}; // the lock that says that this tab lives
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(ledger: Ledger, heard: Heard) {
    this.#ledger = ledger;
    this.#heard = heard;
    window.addEventListener("pagehide", this.#onPageHide);
    window.addEventListener("pageshow", this.#onPageShow);
    document.addEventListener("visibilitychange", this.#onVisible);
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Whether the connection is this tab's. */
  get leads(): boolean {
    return this.#stream !== null;
  }

  follow(batches: readonly string[]): void {
    this.#batches = [...batches];
    this.#join();
    if (this.#stream) this.#followAll();
    else {
      this.#ledger.keep(this.#batches);
      this.#send({ say: "want", tab: this.#tab, batches: this.#batches });
    }
    this.#expect();
  }

  retry(): void {
    if (this.#stream) this.#stream.retry();
    else this.#ask({ say: "retry" });
  }

  reopen(batchId: string): void {
    this.#ledger.reopen(batchId);
    if (this.#stream) this.#stream.reopen(batchId);
    else this.#ask({ say: "reopen", batch: batchId });
  }

  learn(event: StreamEvent): void {
    if (this.#stream) {
      this.#stream.learn(event); // whose onEvent tells the other tabs
      return;
    }
    const changed = this.#ledger.take(event, this.#batches);
    if (changed !== "gap") this.#heard.onEvent(null, changed);
    this.#send({ say: "event", event });
  }

  close(): void {
    this.#leave();
    window.removeEventListener("pagehide", this.#onPageHide);
    window.removeEventListener("pageshow", this.#onPageShow);
    document.removeEventListener("visibilitychange", this.#onVisible);
  }

  // --- coming and going

  #join(): void {
    if (this.#channel) return;
    this.#life = new AbortController();
    this.#channel = new BroadcastChannel(CHANNEL);
    this.#channel.onmessage = (message: MessageEvent<Word>) => this.#take(message.data);
    this.#die = live(this.#tab);
    this.#seek(false);
  }

  #leave(): void {
    this.#send({ say: "bye", tab: this.#tab });
    clearTimeout(this.#silence);
    this.#life.abort();
    this.#stepDown();
    this.#die();
    this.#channel?.close();
    this.#channel = null;
  }

  /** A page with locks is not kept for the way back; one that is kept must not lead meanwhile. */
  readonly #onPageHide = () => this.#leave();

  readonly #onPageShow = (event: PageTransitionEvent) => {
    if (event.persisted && this.#batches.length) this.follow(this.#batches);
  };

  readonly #onVisible = () => {
    if (document.visibilityState === "visible" && !this.#stream && this.#isExpecting()) this.#look();
  };

  // --- leading

  #seek(steal: boolean): void {
    const lost = () => {
      this.#stepDown();
      if (this.#channel) this.#seek(false);
    };
    seekLead(() => this.#lead(), lost, this.#life.signal, steal);
  }

  #lead(): Promise<void> {
    this.#stream = new BatchStream({
      ledger: this.#ledger,
      onEvent: (event, changed) => {
        this.#send({ say: "event", event });
        this.#heard.onEvent(event, changed);
      },
      onConnection: (connection) => {
        this.#send({ say: "link", connection: dry(connection) });
        this.#say(connection);
      },
    });
    clearTimeout(this.#silence);
    this.#send({ say: "who" });
    if (this.#batches.length) this.#followAll();
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  #stepDown(): void {
    this.#stream?.close();
    this.#stream = null;
    for (const tab of this.#wants.keys()) this.#forget(tab);
    this.#release();
  }

  #followAll(): void {
    const all = new Set([...this.#batches, ...[...this.#wants.values()].flat()]);
    this.#stream?.follow([...all].slice(0, MOST));
  }

  #remember(tab: string, batches: readonly string[]): void {
    if (!this.#wants.has(tab)) watchTab(tab, () => this.#forget(tab), this.#life.signal);
    this.#wants.set(tab, batches);
    this.#followAll();
    this.#tell(tab, batches);
  }

  #forget(tab: string): void {
    if (this.#wants.delete(tab) && this.#stream) this.#followAll();
  }

  #tell(tab: string, batches: readonly string[]): void {
    const known = batches.map((id) => [id, this.#ledger.of(id)] as [string, ReturnType<Ledger["of"]>]);
    this.#send({ say: "known", tab, known, connection: dry(this.#stream?.connection ?? this.#connection) });
  }

  // --- words

  #take(word: Word): void {
    if (this.#stream) this.#answer(word);
    else this.#listen(word);
  }

  #answer(word: Word): void {
    if (word.say === "want" || word.say === "look") this.#remember(word.tab, word.batches);
    else if (word.say === "bye") this.#forget(word.tab);
    else if (word.say === "retry") this.#stream?.retry();
    else if (word.say === "reopen") this.#stream?.reopen(word.batch);
    else if (word.say === "event") this.#stream?.learn(word.event);
  }

  #listen(word: Word): void {
    if (word.say === "who") this.#send({ say: "want", tab: this.#tab, batches: this.#batches });
    else if (word.say === "link") this.#link(revive(word.connection));
    else if (word.say === "known" && word.tab === this.#tab) this.#learn(word);
    else if (word.say === "event") this.#hear(word);
    else return;
    this.#expect();
  }

  /** A gap here is no gap there: the leader knows more. */
  #hear({ event }: Extract<Word, { say: "event" }>): void {
    if ("batchId" in event.data && event.data.batchId && !this.#batches.includes(event.data.batchId)) return;
    const changed = this.#ledger.take(event, this.#batches);
    if (changed === "gap") this.#send({ say: "look", tab: this.#tab, batches: this.#batches });
    else this.#heard.onEvent(event, changed);
  }

  #learn({ known, connection }: Extract<Word, { say: "known" }>): void {
    for (const [batchId, what] of known) this.#ledger.learn(batchId, what);
    this.#say(revive(connection));
    this.#heard.onEvent(
      null,
      known.map(([batchId]) => batchId),
    );
  }

  #link(connection: Connection): void {
    this.#say(connection);
    if (connection.phase === "live") this.#heard.onEvent(null, this.#ledger.pardon(this.#batches));
  }

  #say(connection: Connection): void {
    this.#connection = connection;
    this.#heard.onConnection(connection);
  }

  #send(word: Word): void {
    this.#channel?.postMessage(word);
  }

  // --- a leader that sleeps

  #isExpecting(): boolean {
    return this.#batches.some((batchId) => !this.#ledger.isOver(batchId));
  }

  #expect(): void {
    clearTimeout(this.#silence);
    if (this.#stream || !this.#isExpecting()) return;
    this.#silence = setTimeout(() => this.#look(), this.#connection.phase === "live" ? SILENT_LEADER_MS : ANSWER_MS);
  }

  #look(): void {
    this.#ask({ say: "look", tab: this.#tab, batches: this.#batches });
  }

  /** Whoever gets no answer leads. */
  #ask(word: Word): void {
    this.#join();
    this.#send(word);
    if (word.say !== "look") this.#send({ say: "look", tab: this.#tab, batches: this.#batches });
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => !this.#stream && this.#seek(true), ANSWER_MS);
  }
}
