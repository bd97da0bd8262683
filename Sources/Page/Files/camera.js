// One camera on the page.
import { Charts } from "./chart.js";
import { JudgeBar } from "./judge.js";
import { kind, shown, tile } from "./line.js";
import { label, Picture } from "./picture.js";
import { ago, number, plain, share, text, time, word } from "./text.js";

// How long a part that was chosen stays before the line's newest comes back.
const hold = 60_000;

export class CameraView {
  element = document.getElementById("camera").content.cloneNode(true).firstElementChild;
  name;
  #last;
  #reject;
  #judgements;
  #judge;
  #charts;
  #held = null;
  #tile = "";
  #counts = "";
  #beats = 0;

  // choose: shows this camera alone.
  constructor(name, judgements, choose) {
    this.name = name;
    this.#judgements = judgements;
    this.element.setAttribute("aria-label", plain(name));
    this.#find(".choose").textContent = plain(name);
    this.#find(".choose").addEventListener("click", choose);
    this.#last = new Picture(this.#find(".picture.last"), "lastPart", "image", () => this.release());
    this.#reject = new Picture(this.#find(".picture.reject"), "lastReject", "heatmap");
    this.#judge = new JudgeBar(this.element, judgements);
    this.#charts = new Charts(this.#find(".charts"));
    this.#find(".strip").addEventListener("keydown", (event) => this.#step(event));
    this.write();
  }

  // In the language of now.
  write() {
    const named = this.element.querySelectorAll("[data-text]");
    for (const element of named) element.textContent = text(element.dataset.text);
    [this.#tile, this.#counts] = ["", ""];
    this.#find(".strip").replaceChildren();
    this.#find(".bar").setAttribute("aria-label", text("score"));
    this.#last.write();
    this.#reject.write();
    this.#judge.write();
    this.#charts.write();
  }

  // The newest part again.
  release() {
    this.#held = null;
    this.#judge.draw(null, Date.now());
    this.#marked();
  }

  // A sign of life came. The overlay comes by itself when none does, also while no script runs any more.
  beat() {
    this.#beats += 1;
    this.#find(".tile").dataset.beat = this.#beats % 2;
  }

  // shift: what is counted of it; undefined = nobody knows.
  draw(camera, line, shift, isLive, now) {
    const causes = line.causes(this.name);
    const recipe = line.recipe(this.name);
    if (this.#held && now > this.#held.until) this.release();
    this.#drawHead(camera, recipe);
    this.#drawTile(tile(camera, causes, isLive, now), recipe, now);
    this.#drawStrip(camera.verdicts.slice(-shown));
    const verdict = this.#held?.verdict ?? camera.verdicts.at(-1) ?? null;
    this.#last.show(verdict, this.#held ? "heldPart" : "lastPart", this.#held !== null);
    this.#reject.mark(shift?.regions.find((one) => one.recipe === camera.reply.recipe));
    this.#reject.show(camera.reject, "lastReject");
    this.#judge.draw(this.#held?.verdict ?? null, now);
    this.#drawCounts(shift ? ofShift(shift) : sinceStart(camera.reply.counts, line.status));
    this.#charts.draw(shift);
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }

  #drawHead(camera, recipe) {
    const model = recipe?.model ? text("generation", { generation: recipe.model.generation }) : text("noModel");
    const lot = camera.lot ? ` · ${text("lot")} ${plain(camera.lot)}` : "";
    set(this.#find(".recipe"), `${text("recipe")} ${plain(camera.reply.recipe)} · ${model}${lot}`);
    const note = this.#find(".commission");
    note.hidden = !recipe?.commission;
    this.element.classList.toggle("commissioning", !note.hidden);
    if (recipe?.commission) set(note, text("commissioning", recipe.commission));
  }

  #drawTile(said, recipe, now) {
    const { verdict } = said;
    const seconds = verdict?.at != null ? Math.floor((now - verdict.at) / 1000) : null;
    const why = this.#why(said);
    const age = verdict && seconds !== null && seconds >= 10 ? ` · ${ago(seconds)}` : "";
    const which = verdict ? label(verdict) + age : "";
    const is = JSON.stringify([said.kind, said.key, why, which]);
    if (is === this.#tile) return;
    this.#tile = is;
    const element = this.#find(".tile");
    element.dataset.kind = said.kind;
    element.dataset.seq = verdict?.seq ?? "";
    this.#find(".tile > .face use").setAttribute("href", `#sign-${said.kind}`);
    set(this.#find(".said .word"), text(said.key));
    set(this.#find(".why"), why);
    set(this.#find(".which"), which);
    this.#drawScore(verdict);
  }

  #why({ verdict, of, cause, kind }) {
    if (!verdict) return cause ? word("state", cause.state) : "";
    const words = [];
    if (of > 1) words.push(text("worst", { parts: of }));
    if (kind === "invalid") words.push(word("cause", verdict.cause));
    if (verdict.uncertain) words.push(text("uncertain"));
    if (verdict.scene_shift) words.push(text("sceneShift", { shift: plain(verdict.scene_shift) }));
    if (verdict.stored === "memory") words.push(text("inMemory"));
    return words.join(" · ");
  }

  // In units of the limit, which is in the middle.
  #drawScore(verdict) {
    const element = this.#find(".score");
    const isThere = typeof verdict?.score === "number" && typeof verdict?.limit === "number" && verdict.limit > 0;
    element.classList.toggle("none", !isThere);
    const share = isThere ? Math.min(Math.max(verdict.score / verdict.limit, 0), 2) : 0;
    set(this.#find(".value"), isThere ? number(verdict.score, 2) : "–");
    set(this.#find(".limit"), isThere ? text("limitIs", { limit: number(verdict.limit, 2) }) : "");
    const bar = this.#find(".bar");
    bar.dataset.kind = verdict ? kind(verdict) : "unknown";
    bar.setAttribute("aria-valuenow", share.toFixed(3));
    bar.setAttribute(
      "aria-valuetext",
      isThere ? text("scoreOfLimit", { score: number(verdict.score, 2), limit: number(verdict.limit, 2) }) : "–");
    this.#find(".fill").style.width = `${share * 50}%`;
  }

  // Items stay as they are while newer ones push them on: whoever is at one stays there.
  #drawStrip(verdicts) {
    const strip = this.#find(".strip");
    const wanted = new Set(verdicts.map(({ seq }) => String(seq)));
    for (const item of [...strip.children]) if (!wanted.has(item.dataset.seq)) item.remove();
    const there = new Set([...strip.children].map((item) => item.dataset.seq));
    for (const verdict of verdicts) if (!there.has(String(verdict.seq))) strip.append(this.#item(verdict));
    this.#marked();
  }

  #item(verdict) {
    const item = document.createElement("li");
    item.dataset.seq = verdict.seq;
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.kind = kind(verdict);
    button.dataset.label = `${text(kind(verdict))}, ${label(verdict)}`;
    button.setAttribute("aria-label", button.dataset.label);
    const sign = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    sign.setAttribute("class", "sign");
    sign.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#sign-${kind(verdict)}`);
    sign.append(use);
    button.append(sign);
    button.addEventListener("click", () => {
      this.#held = { verdict, until: Date.now() + hold };
      this.#last.show(verdict, "heldPart", true);
      this.#judge.draw(verdict, Date.now());
      this.#marked();
    });
    item.append(button);
    return item;
  }

  #marked() {
    for (const item of this.#find(".strip").children) {
      this.#judged(item.firstElementChild, Number(item.dataset.seq));
      const isHeld = item.dataset.seq === String(this.#held?.verdict.seq ?? "");
      item.firstElementChild.setAttribute("aria-pressed", String(isHeld));
    }
  }

  // What people say of it, by a sign of its own.
  #judged(button, seq) {
    const outcome = this.#judgements.outcome(seq) ?? "";
    if ((button.dataset.judged ?? "") === outcome) return;
    if (outcome) button.dataset.judged = outcome;
    else delete button.dataset.judged;
    const words = button.dataset.label + (outcome ? `, ${text(`judged.${outcome}`)}` : "");
    button.setAttribute("aria-label", words);
  }

  #step(event) {
    const way = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
    if (!way) return;
    event.target.closest("li")?.[way]?.firstElementChild.focus();
    event.preventDefault();
  }

  #drawCounts(values) {
    const is = JSON.stringify(values);
    if (is === this.#counts) return;
    this.#counts = is;
    this.#find(".counts").replaceChildren(...values.map(([name, value]) => {
      const pair = document.createElement("div");
      const term = document.createElement("dt");
      const definition = document.createElement("dd");
      [term.textContent, definition.textContent] = [name, value];
      pair.append(term, definition);
      return pair;
    }));
  }
}

const counted = (parts, { ok, ng, invalid, uncertain }) => [
  [text("parts"), number(parts)], ["NG", `${number(ng)} (${share(ng, ok + ng)})`], ["INVALID", number(invalid)],
  [text("nearLimit"), number(uncertain)],
];

function ofShift({ name, from, total }) {
  const { false_rejects: good, escapes: bad } = total.rejudged ?? {};
  return [
    [text("shift"), plain((name ?? "").split("/").at(-1))], ...counted(total.parts, total),
    ...(good ? [[text("goodAmongNG"), text("countOf", { count: number(good.count), of: number(good.of) })]] : []),
    ...(bad ? [[text("badAmongOK"), text("countOf", { count: number(bad.count), of: number(bad.of) })]] : []),
    [text("countedSince"), time(from)],
  ];
}

function sinceStart(counts, status) {
  const began = Date.now() - status.uptime_s * 1000;
  return [
    ...counted(counts.ok + counts.ng + counts.invalid, counts),
    [text("countedSince"), time(Math.floor(began / 60_000) * 60_000)],
  ];
}

// What is the same already is not touched: a screen reader would say it again.
export function set(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
