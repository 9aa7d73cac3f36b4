import { Problem } from "../api/problem";
import { backoff, type Connection, HEARTBEAT_MS, isOffline, OPENING_MS, SILENT_MS, spread, TRIES } from "./connection";
import type { StreamEvent } from "./events";
import { Ledger, statusOf, toProblem } from "./ledger";
import { reasonOf } from "./reason";
import { addressOf, openSource } from "./source";
import { onWaking } from "./waking";

const SETTLE_MS = 50; // batches that are named one after the other make one new connection

export interface BatchStreamOptions {
  /** What is known already is not asked again. */
  ledger?: Ledger;
  /** The service's address where it is another origin than the page's. */
  base?: string;
  /** Of another origin: a fresh one-time ticket for each connection (POST /api/stream-tickets). */
  ticket?: () => Promise<string>;
  /** Each event as it came, after the ledger has taken it. */
  onEvent?: (event: StreamEvent, changed: readonly string[]) => void;
  onConnection?: (connection: Connection) => void;
}

/**
 * Follows up to 100 batches on one EventSource, until each is finished.
 *
 * A line that breaks is left to the browser, which comes back by itself; where it gives up, fails again or says nothing, this class opens
 * anew by hand, slower each time, five times, and then says that the connection is lost. What is known never goes backwards.
 */
export class BatchStream {
  readonly ledger: Ledger;
  readonly #options: BatchStreamOptions;
  #batches: readonly string[] = [];
  #open: readonly string[] = []; // those of the connection that is open
  #source: EventSource | null = null;
  #connection: Connection = { phase: "connecting" };
  #failures = 0; // in a row, without one event in between
  #heardAt = 0;
  #openedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined; // the next thing to do: watchdog, or next try
  #settling: ReturnType<typeof setTimeout> | undefined;
  #generation = 0; // answers that belong to an older connection are thrown away
  #stopWaking: (() => void) | null = null;

  constructor(options: BatchStreamOptions = {}) {
    this.#options = options;
    this.ledger = options.ledger ?? new Ledger();
  }

  get connection(): Connection {
    return this.#connection;
  }

  get batches(): readonly string[] {
    return this.#batches;
  }

  /** From now on these, in this order. Opens, opens anew where one is new, closes where none is left. */
  follow(batches: readonly string[]): void {
    const isNew = batches.some((batchId) => !this.#batches.includes(batchId));
    this.#batches = [...batches];
    this.ledger.keep(batches);
    this.#stopWaking ??= onWaking(
      () => this.#wake(),
      () => this.#isSilent() && this.#wake(),
    );
    if (!this.#waiting.length) this.#end();
    else if (isNew && !this.#source && this.#connection.phase !== "waiting") this.#reopen();
    else if (isNew) this.#settle();
  }

  /** The person asks: at once, and with all tries again. */
  retry(): void {
    for (const batchId of this.#batches) {
      if (this.ledger.of(batchId).refusal) this.ledger.reopen(batchId);
    }
    this.#failures = 0;
    if (this.#waiting.length) this.#reopen();
  }

  /** After a call that opened a finished batch again. */
  reopen(batchId: string): void {
    this.ledger.reopen(batchId);
    if (!this.#source && this.#batches.includes(batchId)) this.retry();
  }

  /** What came by another way: the answer to a call of this browser. A gap is left to the stream. */
  learn(event: StreamEvent): void {
    const changed = this.ledger.take(event, this.#batches);
    if (changed === "gap") return;
    this.#options.onEvent?.(event, changed);
    if (this.#source && !this.#waiting.length) this.#end();
  }

  close(): void {
    this.#batches = [];
    this.#drop();
    clearTimeout(this.#settling);
    this.#stopWaking?.();
    this.#stopWaking = null;
  }

  get #waiting(): readonly string[] {
    return this.#batches.filter((batchId) => !this.ledger.isOver(batchId));
  }

  // --- opening

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#waiting.length && this.#reopen(), SETTLE_MS);
  }

  /** Seen by nobody where the line was live: nothing is lost in between. */
  #reopen(): void {
    clearTimeout(this.#settling);
    this.#drop();
    const { phase } = this.#connection;
    if (phase === "ended" || phase === "refused") this.#say({ phase: "connecting" });
    else if (phase !== "live" && phase !== "connecting") this.#trying();
    this.#after(OPENING_MS, () => this.#fail());
    this.#openedAt = Date.now();
    const generation = this.#generation;
    this.#address().then(
      (address) => generation === this.#generation && this.#connect(address),
      (error: unknown) => generation === this.#generation && this.#judge(error),
    );
  }

  #trying(): void {
    this.#say({ phase: "reconnecting", attempt: Math.max(this.#failures, 1), tries: TRIES, nextAt: null });
  }

  /** Those that are over keep their place while others go on: opened again by somebody else, they show it. */
  async #address(): Promise<string> {
    this.#open = this.#batches.filter((batchId) => !this.ledger.of(batchId).refusal);
    const after = this.ledger.vector(this.#open);
    return addressOf(this.#options.base, this.#open, after, await this.#options.ticket?.());
  }

  #connect(address: string): void {
    const generation = this.#generation;
    const isOld = () => generation !== this.#generation;
    this.#source = openSource(address, {
      hear: (event) => isOld() || this.#hear(event),
      broken: (source) => isOld() || this.#broken(source, address),
    });
  }

  #drop(): void {
    this.#generation += 1;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  // --- what comes

  #hear(event: StreamEvent): void {
    this.#heardAt = event.at;
    this.#failures = 0;
    this.#after(SILENT_MS, () => this.#fail());
    if (this.#connection.phase !== "live") this.#say({ phase: "live", since: event.at });
    if (!this.#concerns(event)) return;
    const changed = this.ledger.take(event, this.#open);
    this.#options.onEvent?.(event, changed === "gap" ? [] : changed);
    if (changed === "gap") this.#fail();
    else this.#obey(event);
  }

  /** A batch that nobody follows any more stays on the open connection until there is another reason for a new one. */
  #concerns({ data }: StreamEvent): boolean {
    return !("batchId" in data) || data.batchId === undefined || this.#batches.includes(data.batchId);
  }

  #obey(event: StreamEvent): void {
    if (event.name === "timeout") this.#pause(event.data.retryMs, 0);
    else if (event.name === "error" && event.data.batchId === undefined) this.#endedByService(event.data);
    else if (!this.#waiting.length) this.#end();
  }

  #endedByService(data: { code: string; message: string; retryable: boolean }): void {
    if (data.retryable) this.#fail();
    else this.#refuse(new Problem(data.code, statusOf(data.code), data.message));
  }

  #end(): void {
    this.#drop();
    const refusals = this.#batches.map((batchId) => this.ledger.of(batchId).refusal);
    const [first] = refusals;
    if (first && refusals.every((refusal) => refusal !== null)) this.#refuse(toProblem(first));
    else this.#say({ phase: "ended" });
  }

  #refuse(problem: Problem): void {
    this.#drop();
    this.#say({ phase: "refused", problem });
  }

  // --- what goes wrong

  #broken(source: EventSource, address: string): void {
    if (source.readyState === EventSource.CLOSED) {
      this.#drop();
      void this.#ask(address);
    } else if (this.#failures === 0) {
      this.#failures = 1;
      if (isOffline()) this.#say({ phase: "offline" });
      else this.#trying();
      this.#after(OPENING_MS, () => this.#fail());
    } else {
      // It would go on for ever, at the same pace; nobody would ever be told that the service is gone.
      this.#fail();
    }
  }

  async #ask(address: string): Promise<void> {
    const generation = this.#generation;
    if (this.#connection.phase === "live") this.#trying();
    const problem = await this.#reason(address);
    if (generation === this.#generation) this.#judge(problem);
  }

  /** A ticket is used up by then. */
  async #reason(address: string): Promise<unknown> {
    try {
      const again = this.#options.ticket ? await this.#address() : address;
      return await reasonOf(again, this.#options.base ? "include" : "same-origin");
    } catch (error) {
      return error;
    }
  }

  /** Anything but a `Problem` says nothing against another try. */
  #judge(why: unknown): void {
    if (!(why instanceof Problem)) this.#fail();
    else if (why.status === 429 || why.status === 503) this.#wait(why);
    else if (why.passes) this.#fail();
    else if (why.slug === "invalid-event-id") this.#startOver();
    else this.#refuse(why);
  }

  #startOver(): void {
    for (const batchId of this.#batches) this.ledger.doubt(batchId);
    this.#fail();
  }

  #wait(problem: Problem): void {
    const pause = Math.max(spread(problem.retryAfterMs ?? 5000), 1000);
    this.#drop();
    this.#say({ phase: "waiting", problem, nextAt: Date.now() + pause });
    this.#after(pause, () => this.#reopen());
  }

  #fail(): void {
    this.#failures += 1;
    if (this.#failures > TRIES) this.#lose();
    else this.#pause(backoff(this.#failures), this.#failures);
  }

  #pause(pause: number, attempt: number): void {
    this.#drop();
    if (isOffline()) this.#say({ phase: "offline" });
    else if (attempt > 0) this.#say({ phase: "reconnecting", attempt, tries: TRIES, nextAt: Date.now() + pause });
    this.#after(pause, () => this.#reopen());
  }

  #lose(): void {
    this.#drop();
    this.#say(isOffline() ? { phase: "offline" } : { phase: "lost", since: this.#heardAt || Date.now() });
  }

  // --- phones kill sockets without an error, and a page from the back/forward cache has none

  #isSilent(): boolean {
    return !this.#source || Date.now() - Math.max(this.#heardAt, this.#openedAt) > 1.2 * HEARTBEAT_MS;
  }

  #wake(): void {
    const { phase } = this.#connection;
    if (phase === "refused" || phase === "ended" || phase === "waiting" || !this.#waiting.length) return;
    this.#failures = 0;
    this.#reopen();
  }

  // --- small things

  #after(pause: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, pause);
  }

  #say(connection: Connection): void {
    this.#connection = connection;
    this.#options.onConnection?.(connection);
  }
}
