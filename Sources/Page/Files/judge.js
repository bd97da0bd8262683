// What people say of parts afterwards: what may be said here, what was said, and the two taps that say it.
import { act, needPIN, Question } from "./ask.js";
import { set } from "./camera.js";
import { text } from "./text.js";

// How long an answer is shown.
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
      needPIN(actions.pin);
      this.#parts = new Map(judged.parts.map(({ seq, outcome }) => [seq, outcome]));
      this.#told();
    } catch { /* Asked again in a while. */ }
  }

  // Of a newer journal other parts have the same numbers.
  forget() {
    this.#parts = new Map();
  }

  // - Returns: why it is not recorded, in words; undefined when it is.
  async say(seq, judged, who) {
    const { reason } = await act("/v1/judgements", { seq, judged }, who);
    if (reason === undefined) {
      await this.refresh();
      this.#said();
    }
    return reason;
  }
}

// The two taps: what somebody says below the held part, and whether they mean it in another place of the screen.
export class JudgeBar {
  #camera;
  #judgements;
  #question;
  #seq = null;
  #said = null;

  constructor(camera, judgements) {
    [this.#camera, this.#judgements] = [camera, judgements];
    this.#question = new Question(this.#find(".confirm"));
    for (const judged of Object.keys(words)) {
      const button = this.#find(`.judge .${judged}`);
      button.addEventListener("click", () => {
        const seq = this.#seq;
        if (seq === null) return;
        this.#question.ask(text(words[judged].say, { seq }), (who) => this.#mean(seq, judged, who), button);
      });
    }
  }

  write() {
    this.#find(".judge").setAttribute("aria-label", text("whatIsIt"));
    for (const [judged, { is }] of Object.entries(words)) set(this.#find(`.judge .${judged}`), text(is));
    this.#question.write();
    this.#redraw();
  }

  // verdict: of the held part; null = none is.
  draw(verdict, now) {
    const seq = verdict && verdict.verdict !== "INVALID" && this.#judgements.may("judge") ? verdict.seq : null;
    if (seq !== this.#seq) {
      [this.#seq, this.#said] = [seq, null];
      this.#question.close();
    }
    this.#question.draw(now);
    if (this.#said && now > this.#said.until) this.#said = null;
    this.#find(".judge").hidden = seq === null;
    const outcome = seq === null ? undefined : this.#judgements.outcome(seq);
    set(this.#find(".judge .so"), this.#said ? this.#said.words : outcome ? text(`judged.${outcome}`) : text("whatIsIt"));
  }

  #find(selector) {
    return this.#camera.querySelector(selector);
  }

  async #mean(seq, judged, who) {
    const reason = await this.#judgements.say(seq, judged, who);
    if (this.#seq !== seq) return;
    this.#said = { words: reason ?? text("recorded"), until: Date.now() + shown };
    this.#redraw();
  }

  #redraw() {
    this.draw(this.#seq === null ? null : { seq: this.#seq, verdict: "OK" }, Date.now());
  }
}
