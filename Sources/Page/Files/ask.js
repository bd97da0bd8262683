// What somebody at the line means to do is asked again in another place of the screen: no two taps at one spot do anything.
import { set } from "./camera.js";
import { plain, text } from "./text.js";

// How long a question waits for its answer.
const patience = 15_000;
// How long the name of who acted last stands there: then it may be somebody else.
const known = 10 * 60_000;
let last = { name: "", until: 0 };
let isPINNeeded = false;

export const needPIN = (isNeeded) => (isPINNeeded = isNeeded);

export class Question {
  #place;
  #asked = null;

  constructor(place) {
    this.#place = place;
    place.append(document.getElementById("confirm").content.cloneNode(true));
    this.#find(".yes").addEventListener("click", () => this.#mean());
    this.#find(".no").addEventListener("click", () => this.close());
    // As readers of badges end what they read.
    for (const field of place.querySelectorAll("input")) {
      field.addEventListener("keydown", (event) => {
        if (event.key === "Enter") this.#mean();
      });
    }
  }

  write() {
    set(this.#find(".name span"), text("yourName"));
    set(this.#find(".pin span"), text("pin"));
    set(this.#find(".yes"), text("yes"));
    set(this.#find(".no"), text("no"));
    this.close();
  }

  // mean: what is done then, by somebody { name, pin }; back: gets the keyboard when nothing is.
  ask(words, mean, back) {
    const now = Date.now();
    this.#asked = { mean, back, until: now + patience };
    set(this.#find("p"), words);
    this.#find(".name input").value = now < last.until ? last.name : "";
    this.#find(".pin input").value = "";
    this.#find(".pin").hidden = !isPINNeeded;
    this.#place.hidden = false;
    this.#find(".yes").focus();
  }

  close() {
    const asked = this.#asked;
    this.#asked = null;
    this.#place.hidden = true;
    asked?.back?.focus();
  }

  // Who is typing is there.
  draw(now) {
    if (this.#asked && now > this.#asked.until && document.activeElement?.tagName !== "INPUT") this.close();
  }

  #find(selector) {
    return this.#place.querySelector(selector);
  }

  #mean() {
    const asked = this.#asked;
    if (!asked) return;
    const [name, pin] = [".name input", ".pin input"].map((field) => this.#find(field).value.trim());
    // A badge was read: now what only its owner knows.
    if (isPINNeeded && !pin) return this.#find(".pin input").focus();
    last = { name, until: Date.now() + known };
    this.close();
    asked.mean({ name, pin });
  }
}

// What only a page that was opened where it may act can do.
//
// - Returns: the daemon's `reply` when it is done, and on the disk; else the `reason` why not, in words.
export async function act(address, fields, { name, pin }, method = "POST") {
  const headers = { "Content-Type": "application/json", "X-Fsac": "1" };
  if (name) headers["X-Fsac-Name"] = encodeURIComponent(name);
  if (pin) headers["X-Fsac-Pin"] = encodeURIComponent(pin);
  try {
    const answer = await fetch(address, { method, headers, body: JSON.stringify(fields) });
    const reply = await answer.json();
    return answer.ok ? { reply } : { reason: refusal(reply.error) };
  } catch {
    return { reason: text("notRecorded") };
  }
}

const refusals = { pin_wrong: "pinWrong", too_many_tries: "tooManyTries" };

// What the daemon says of it is for who sets up the line.
const refusal = ({ code, message }) =>
  Object.hasOwn(refusals, code) ? text(refusals[code]) : `${text("notRecorded")} ${plain(message, 200)}`;
