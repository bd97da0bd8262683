// What somebody at the line decides of the next parts of a camera: by which recipe, of which lot, and that one is inspected now.
import { act } from "./ask.js";
import { set } from "./camera.js";
import { kind } from "./line.js";
import { label } from "./picture.js";
import { plain, text } from "./text.js";

const actions = ["recipe", "lot", "trigger"];
// How long it stays open while nobody touches it, and what came of something is shown.
const [patience, shown] = [60_000, 10_000];

export class ActionPanel {
  #place = document.getElementById("actions");
  #opener = document.getElementById("act");
  #judgements;
  #question;
  #done;
  // The one that is looked at; null = there are several.
  #camera = null;
  #recipes = "";
  #until = 0;
  #said = null;

  // done: called when something is different.
  constructor(judgements, question, done) {
    [this.#judgements, this.#question, this.#done] = [judgements, question, done];
    this.#opener.addEventListener("click", () => (this.#place.hidden ? this.#open() : this.close()));
    for (const name of ["click", "input"]) this.#place.addEventListener(name, () => this.#stay());
    this.#find(".begin").addEventListener("click", () => this.#beginLot());
    // As readers of codes end what they read.
    this.#find("input").addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#beginLot();
    });
    this.#find(".end").addEventListener("click", () => this.#changeLot(null));
    this.#find(".now").addEventListener("click", () => this.#inspect());
  }

  // In the language of now.
  write() {
    this.#place.setAttribute("aria-label", text("actions"));
    [this.#recipes, this.#said] = ["", null];
  }

  close() {
    if (this.#place.hidden) return;
    this.#question.close();
    const isHere = this.#place.contains(document.activeElement);
    this.#place.hidden = true;
    this.#opener.ariaExpanded = "false";
    if (isHere) this.#opener.focus();
  }

  // cameras: that are shown.
  draw(cameras, line, isLive, now) {
    const allowed = actions.filter((name) => this.#judgements.may(name));
    this.#opener.hidden = allowed.length === 0;
    if (this.#place.hidden) return;
    const isLeft = now > this.#until && document.activeElement?.tagName !== "INPUT";
    // Nothing is decided about a line that is not known.
    if (!isLive || isLeft || allowed.length === 0) return this.close();
    this.#camera = cameras.length === 1 ? cameras[0] : null;
    if (this.#said && now > this.#said.until) this.#said = null;
    set(this.#find(".so"), this.#camera ? this.#said?.words ?? "" : text("chooseCamera"));
    for (const name of actions) this.#find(`[data-action=${name}]`).hidden = !this.#camera || !allowed.includes(name);
    if (!this.#camera) return;
    this.#drawRecipes(line.status.recipes);
    this.#find(".end").hidden = !this.#camera.lot;
    const isTriggered = this.#camera.reply.trigger === "software";
    this.#find(".now").hidden = !isTriggered;
    set(this.#find("[data-action=trigger] .why"), isTriggered ? "" : text("notTriggered"));
  }

  #find(selector) {
    return this.#place.querySelector(selector);
  }

  #open() {
    this.#place.hidden = false;
    this.#opener.ariaExpanded = "true";
    this.#stay();
    this.#done();
  }

  #stay() {
    this.#until = Date.now() + patience;
  }

  // Those that parts cannot be judged by are shown and cannot be chosen.
  #drawRecipes(recipes) {
    const { recipe: used } = this.#camera.reply;
    const state = ({ name, model, hindrance }) =>
      name === used ? "inUse" : !model ? "noModel" : hindrance ? "notUsable" : "";
    const are = recipes.map((recipe) => ({ name: recipe.name, state: state(recipe) }));
    const is = JSON.stringify([this.#camera.name, are]);
    if (is === this.#recipes) return;
    this.#recipes = is;
    set(this.#find("[data-action=recipe] .why"), recipes.length < 2 ? text("onlyRecipe") : "");
    this.#find(".choices").replaceChildren(...are.map(({ name, state }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = plain(name) + (state ? `: ${text(state)}` : "");
      button.ariaPressed = String(state === "inUse");
      button.disabled = state !== "";
      button.addEventListener("click", () => this.#use(name));
      return button;
    }));
  }

  #use(recipe) {
    const camera = this.#camera.name;
    this.#ask(
      text("sayRecipe", { camera: plain(camera), recipe: plain(recipe) }), this.#opener,
      ["/v1/recipes/use", { recipe, camera }]);
  }

  #beginLot() {
    const lot = this.#find("input").value.trim();
    if (lot) this.#changeLot(lot);
    else this.#find("input").focus();
  }

  // lot: null = none.
  #changeLot(lot) {
    const camera = this.#camera.name;
    const values = { camera: plain(camera), lot: plain(lot) };
    this.#ask(
      lot === null ? text("sayNoLot", values) : text("sayLot", values), this.#find("input"),
      ["/v1/lots", lot === null ? { camera } : { camera, lot }, "PUT"],
      () => {
        this.#find("input").value = "";
        return text("recorded");
      });
  }

  #inspect() {
    const camera = this.#camera.name;
    this.#ask(
      text("sayTrigger", { camera: plain(camera) }), this.#find(".now"), ["/v1/trigger", { camera }],
      ({ inspection }) => `${label(inspection)}: ${text(kind(inspection))}`);
  }

  // told: what came of it, in words, of the reply.
  #ask(words, back, [address, fields, method], told = () => text("recorded")) {
    this.#question.ask(words, async (who) => {
      this.#say(text("oneMoment"), Infinity);
      const { reply, reason } = await act(address, fields, who, method);
      this.#say(reason ?? told(reply), Date.now() + shown);
      this.#done();
    }, back);
  }

  #say(words, until) {
    this.#stay();
    this.#said = { words, until };
    set(this.#find(".so"), words);
  }
}
