// The line as the daemon tells it, and whether it still does.
//
// What is not renewed counts for nothing: without a sign of life for `patience` the line is not known any more,
// whatever was said before, and the stream is opened anew until it speaks again.

const patience = 2500;
// For an answer to come before it is asked again. A daemon that stood still answers the newest request first thing.
const retry = 3000;
const look = 200;

export class Stream {
  #source = null;
  #openedAt = 0;
  #beatAt = null;
  // How far the daemon's clock is ahead of this one, at the quickest: news that come later than that are old ones.
  #ahead = null;
  #isLive = false;
  #told;

  // told: { event(name, data), change() }
  constructor(told) {
    this.#told = told;
    // Whether anybody can see it: a page behind another one keeps no place at the daemon.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", () => this.open());
    setInterval(() => this.#watch(), look);
    this.open();
  }

  get isLive() {
    return this.#isLive;
  }

  // Why there is no answer, as a key of the texts.
  refusal = null;
  // When the line was last heard of, by this computer's clock.
  heardAt = null;

  open() {
    if (document.hidden) return;
    this.#source?.close();
    this.#openedAt = performance.now();
    this.#ahead = null;
    const source = new EventSource("/v1/stream?last=200");
    this.#source = source;
    for (const name of ["state", "verdict", "gap", "heartbeat"]) {
      source.addEventListener(name, (event) => {
        if (source === this.#source) this.#take(name, event.data);
      });
    }
    source.addEventListener("error", () => {
      if (source === this.#source && source.readyState === EventSource.CLOSED) this.#ask();
    });
  }

  close() {
    this.#source?.close();
    this.#source = null;
    this.#lose();
  }

  #take(name, text) {
    let data;
    try {
      data = JSON.parse(text);
    } catch {
      // Nothing that follows can be trusted either.
      return this.close();
    }
    if (name === "heartbeat") this.#beat(data);
    this.#told.event(name, data);
  }

  #beat(data) {
    const now = performance.now();
    const ahead = data.uptime_s * 1000 - now;
    this.#ahead = Math.max(this.#ahead ?? ahead, ahead);
    if (this.#ahead - ahead > patience) return;
    this.#beatAt = { steady: now, wall: Date.now() };
    this.heardAt = Date.now();
    this.refusal = null;
    if (this.#isLive) return;
    this.#isLive = true;
    this.#told.change();
  }

  // By both clocks: one of them may stand still while the computer sleeps, the other may be set.
  #watch() {
    const beat = this.#beatAt;
    const now = performance.now();
    if (beat && (now - beat.steady > patience || Date.now() - beat.wall > patience)) this.#lose();
    if (!this.#isLive && now - this.#openedAt > retry) this.open();
  }

  #lose() {
    this.#beatAt = null;
    if (!this.#isLive) return;
    this.#isLive = false;
    this.#told.change();
  }

  // An EventSource does not say why it was refused.
  async #ask() {
    this.#lose();
    const stop = new AbortController();
    try {
      const answer = await fetch("/v1/stream", { signal: stop.signal });
      this.refusal = answer.status === 503 ? "tooMany" : null;
    } catch {
      this.refusal = null;
    }
    stop.abort();
    this.#told.change();
  }
}
