// A part's picture or heat map, with the boxes around what is anomalous; or what is unusual in it beside the nearest good patch.
import { plain, text, time } from "./text.js";

const svg = "http://www.w3.org/2000/svg";
const ways = ["image", "heatmap", "nearest"];

export class Picture {
  #element;
  #title;
  #way;
  #verdict = null;
  // What is being loaded, or was: sequence number and way.
  #loading = null;
  #isBusy = false;

  constructor(place, title, way, onLive) {
    this.#title = title;
    this.#way = way;
    this.#element = document.getElementById("picture").content.cloneNode(true).firstElementChild;
    place.append(this.#element);
    for (const name of ways) {
      this.#find(`.${name}`).addEventListener("click", () => {
        this.#way = name;
        this.#draw();
      });
    }
    this.#find(".live").addEventListener("click", onLive);
    this.write();
  }

  // In the language of now.
  write() {
    this.#find("h3").textContent = text(this.#title);
    this.#find(".image").textContent = text("picture");
    this.#find(".heatmap").textContent = text("heatmap");
    this.#find(".nearest").textContent = text("goodBeside");
    this.#find(".live").textContent = text("backToLive");
    this.#draw();
  }

  show(verdict, title, isHeld = false) {
    const isSame = verdict?.seq === this.#verdict?.seq && title === this.#title;
    this.#find(".live").hidden = !isHeld;
    if (isSame) return;
    [this.#verdict, this.#title] = [verdict, title];
    this.#find("h3").textContent = text(title);
    this.#draw();
  }

  #find(selector) {
    return this.#element.querySelector(selector);
  }

  #draw() {
    const verdict = this.#verdict;
    for (const name of ways) this.#find(`.${name}`).ariaPressed = String(this.#way === name);
    this.#find(".what").textContent = verdict ? label(verdict) : "";
    if (!verdict) return this.#say(text(this.#title === "lastReject" ? "noReject" : "noPart"));
    if (this.#way !== "nearest" && !verdict[this.#way]) {
      return this.#say(text(this.#way === "image" ? "noPicture" : "noHeatmap"));
    }
    this.#load();
  }

  #say(words, loading = null) {
    this.#loading = loading;
    const none = document.createElement("p");
    none.className = "none";
    none.textContent = words;
    this.#find(".stack").replaceChildren(none);
  }

  // One at a time, and then the newest: a line that is quicker than the pictures leaves some out.
  async #load() {
    const wanted = `${this.#verdict.seq}/${this.#way}`;
    if (this.#isBusy || this.#loading === wanted) return;
    this.#isBusy = true;
    this.#loading = wanted;
    const [verdict, way] = [this.#verdict, this.#way];
    if (way === "nearest") this.#say(text("searching"), wanted);
    const shown = await load(verdict, way);
    this.#isBusy = false;
    if (this.#loading === wanted) {
      if (typeof shown === "string") this.#say(shown);
      else this.#find(".stack").replaceChildren(...shown);
    }
    const now = this.#verdict && `${this.#verdict.seq}/${this.#way}`;
    if (now && now !== wanted) this.#draw();
  }
}

// - Returns: what is shown, or why there is nothing in words.
async function load(verdict, way) {
  const address = `/v1/inspections/${verdict.seq}/${way}`;
  const image = new Image();
  const over = [];
  try {
    if (way === "nearest") {
      const answer = await fetch(`${address}?as=json`);
      if (!answer.ok) return text("pictureGone");
      const found = await answer.json();
      if (found.missing) return text(`nearest.${found.missing}`);
      const good = text(found.way === "nearest" ? "nearestGood" : "samePlace");
      image.alt = text("nearestOf", { part: label(verdict), good });
      over.push(half("left", text("thisPart")), half("right", good));
    } else {
      image.alt = text(way === "image" ? "pictureOf" : "heatmapOf", { part: label(verdict) });
    }
    image.src = address;
    await image.decode();
  } catch {
    return text("pictureGone");
  }
  return [image, ...(way === "image" ? [boxes(verdict, image)] : over)];
}

function half(side, words) {
  const element = document.createElement("p");
  element.className = `half ${side}`;
  element.textContent = words;
  return element;
}

// Drawn over the picture, in its pixels.
function boxes(verdict, image) {
  const drawing = document.createElementNS(svg, "svg");
  drawing.setAttribute("class", "boxes");
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("viewBox", `0 0 ${image.naturalWidth} ${image.naturalHeight}`);
  for (const region of verdict.regions ?? []) {
    for (const name of ["under", "over"]) {
      const box = document.createElementNS(svg, "rect");
      for (const side of ["x", "y", "width", "height"]) box.setAttribute(side, Number(region[side]));
      box.setAttribute("class", name);
      drawing.append(box);
    }
  }
  return drawing;
}

// A part by its number, its own name if it has one, and its time.
export function label(verdict) {
  const name = verdict.part ?? verdict.frame;
  return text(name ? "partNamed" : "partNumbered", { seq: verdict.seq, name: plain(name), time: time(verdict.time) });
}
