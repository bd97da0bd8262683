// What people say of parts afterwards: what may be said here, what was said, and the two taps that say it.
import { set } from "./camera.js";
import { text } from "./text.js";

// How long a question waits for its answer, and an answer is shown.
const patience = 15_000;
const shown = 4000;
const words = {
  OK: { is: "isGood", say: "sayGood" }, NG: { is: "isBad", say: "sayBad" }, unsure: { is: "isUnsure", say: "sayUnsure" },
};

export class Judgements {
  #actions = new Set();
  #parts = new Map();
  #told;

  #said;

  // told: called when something is different; said: when something was said here.
  constructor(told, said) {
    [this.#told, this.#said] = [told, said];
  }

  may(action) {
    return this.#actions.has(action);
  }

  // good, bad, disputed, or undefined.
  outcome(seq) {
    return this.#parts.get(seq);
  }

  async refresh() {
    try {
      const [actions, judged] = await Promise.all(["/v1/actions", "/v1/judgements?limit=500"].map(async (address) => {
        const answer = await fetch(address);
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.json();
      }));
      this.#actions = new Set(actions.actions);
      this.#parts = new Map(judged.parts.map(({ seq, outcome }) => [seq, outcome]));
      this.#told();
    } catch { /* Asked again in a while. */ }
  }

  // Of a newer journal other parts have the same numbers.
  forget() {
    this.#parts = new Map();
  }

  // - Returns: whether it is recorded.
  async say(seq, judged) {
    const isDone = await act("/v1/judgements", { seq, judged });
    if (isDone) {
      await this.refresh();
      this.#said();
    }
    return isDone;
  }
}

// What only a page that was opened where it may act can do.
export async function act(address, fields) {
  try {
    const answer = await fetch(address, {
      method: "POST", headers: { "Content-Type": "application/json", "X-Fsac": "1" }, body: JSON.stringify(fields),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

// The two taps: what somebody says below the held part, and whether they mean it in another place of the screen.
export class JudgeBar {
  #camera;
  #judgements;
  #seq = null;
  #asked = null;
  #said = null;

  constructor(camera, judgements) {
    [this.#camera, this.#judgements] = [camera, judgements];
    for (const judged of Object.keys(words)) {
      this.#find(`.judge .${judged}`).addEventListener("click", () => this.#ask(judged));
    }
    this.#find(".confirm .yes").addEventListener("click", () => this.#mean());
    this.#find(".confirm .no").addEventListener("click", () => this.#close());
  }

  write() {
    this.#find(".judge").setAttribute("aria-label", text("whatIsIt"));
    for (const [judged, { is }] of Object.entries(words)) set(this.#find(`.judge .${judged}`), text(is));
    set(this.#find(".confirm .yes"), text("yes"));
    set(this.#find(".confirm .no"), text("no"));
    this.#asked = null;
    this.draw(this.#seq === null ? null : { seq: this.#seq, verdict: "OK" }, Date.now());
  }

  // verdict: of the held part; null = none is.
  draw(verdict, now) {
    const seq = verdict && verdict.verdict !== "INVALID" && this.#judgements.may("judge") ? verdict.seq : null;
    if (seq !== this.#seq) [this.#seq, this.#asked, this.#said] = [seq, null, null];
    if (this.#asked && now > this.#asked.until) this.#asked = null;
    if (this.#said && now > this.#said.until) this.#said = null;
    this.#find(".judge").hidden = seq === null;
    const outcome = seq === null ? undefined : this.#judgements.outcome(seq);
    set(this.#find(".judge .so"), this.#said ? text(this.#said.key) : outcome ? text(`judged.${outcome}`) : text("whatIsIt"));
    this.#find(".confirm").hidden = !this.#asked;
    if (this.#asked) set(this.#find(".confirm p"), text(words[this.#asked.judged].say, { seq: this.#asked.seq }));
  }

  #find(selector) {
    return this.#camera.querySelector(selector);
  }

  #ask(judged) {
    if (this.#seq === null) return;
    this.#asked = { seq: this.#seq, judged, until: Date.now() + patience };
    this.#redraw();
    this.#find(".confirm .yes").focus();
  }

  async #mean() {
    const asked = this.#asked;
    if (!asked) return;
    this.#close();
    const isDone = await this.#judgements.say(asked.seq, asked.judged);
    if (this.#seq !== asked.seq) return;
    this.#said = { key: isDone ? "recorded" : "notRecorded", until: Date.now() + shown };
    this.#redraw();
  }

  #close() {
    this.#asked = null;
    this.#redraw();
    this.#find(".judge button").focus();
  }

  #redraw() {
    this.draw(this.#seq === null ? null : { seq: this.#seq, verdict: "OK" }, Date.now());
  }
}
