// What somebody at the line means to do is asked again in another place of the screen: no two taps at one spot do anything.
import { set } from "./camera.js";
import { text } from "./text.js";

// How long a question waits for its answer.
const patience = 15_000;
// How long the name of who acted last stands there: then it may be somebody else.
const known = 10 * 60_000;
let last = { name: "", until: 0 };

export class Question {
  #place;
  #asked = null;

  constructor(place) {
    this.#place = place;
    place.append(document.getElementById("confirm").content.cloneNode(true));
    this.#find(".yes").addEventListener("click", () => this.#mean());
    this.#find(".no").addEventListener("click", () => this.close());
    // As readers of badges end what they read.
    this.#find("input").addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#mean();
    });
  }

  write() {
    set(this.#find("span"), text("yourName"));
    set(this.#find(".yes"), text("yes"));
    set(this.#find(".no"), text("no"));
    this.close();
  }

  // mean: what is done then, by somebody who calls themselves so; back: gets the keyboard when nothing is.
  ask(words, mean, back) {
    const now = Date.now();
    this.#asked = { mean, back, until: now + patience };
    set(this.#find("p"), words);
    this.#find("input").value = now < last.until ? last.name : "";
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
    if (this.#asked && now > this.#asked.until && document.activeElement !== this.#find("input")) this.close();
  }

  #find(selector) {
    return this.#place.querySelector(selector);
  }

  #mean() {
    const asked = this.#asked;
    if (!asked) return;
    const name = this.#find("input").value.trim();
    last = { name, until: Date.now() + known };
    this.close();
    asked.mean(name);
  }
}

// What only a page that was opened where it may act can do.
//
// - Returns: whether it is done, and on the disk.
export async function act(address, fields, name) {
  const headers = { "Content-Type": "application/json", "X-Fsac": "1" };
  if (name) headers["X-Fsac-Name"] = encodeURIComponent(name);
  try {
    return (await fetch(address, { method: "POST", headers, body: JSON.stringify(fields) })).ok;
  } catch {
    return false;
  }
}
