// A part's picture or heat map, with the boxes around what is anomalous; or what is unusual in it beside the nearest good patch; or
// where the NG of the shift are.
import { number, plain, text, time } from "./text.js";

const svg = "http://www.w3.org/2000/svg";
const ways = ["image", "heatmap", "nearest"];
// Between two looks for what is on its way.
const pause = 1000;

export class Picture {
  #element;
  #title;
  #ways;
  #way;
  #verdict = null;
  // Where the NG of the shift are: see `RegionsReply`.
  #regions = null;
  // What is being loaded, or was.
  #loading = null;
  #isBusy = false;

  // onLive: of one that can hold a part; of another one the fields are shown, too.
  constructor(place, title, way, onLive = null) {
    this.#title = title;
    this.#way = way;
    this.#ways = onLive ? ways : [...ways, "fields"];
    this.#element = document.getElementById("picture").content.cloneNode(true).firstElementChild;
    place.append(this.#element);
    for (const name of this.#ways) {
      this.#find(`.${name}`).hidden = false;
      this.#find(`.${name}`).addEventListener("click", () => {
        this.#way = name;
        this.#draw();
      });
    }
    this.#find(".live").addEventListener("click", () => onLive?.());
    this.write();
  }

  // In the language of now.
  write() {
    this.#find("h3").textContent = text(this.#title);
    this.#find(".image").textContent = text("picture");
    this.#find(".heatmap").textContent = text("heatmap");
    this.#find(".nearest").textContent = text("goodBeside");
    this.#find(".fields").textContent = text("fields");
    this.#find(".live").textContent = text("backToLive");
    this.#loading = null;
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

  // regions: of the camera and its recipe; undefined = nobody knows.
  mark(regions = null) {
    if (JSON.stringify(regions) === JSON.stringify(this.#regions)) return;
    this.#regions = regions;
    if (this.#way === "fields") this.#draw();
  }

  #find(selector) {
    return this.#element.querySelector(selector);
  }

  #draw() {
    const verdict = this.#verdict;
    for (const name of this.#ways) this.#find(`.${name}`).ariaPressed = String(this.#way === name);
    if (this.#way === "fields") {
      this.#find(".what").textContent = this.#regions ? count(this.#regions).words : "";
      return this.#regions ? this.#load() : this.#say(text("noFields"));
    }
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

  // What is to be seen, in one word.
  get #wanted() {
    const fields = this.#way === "fields" ? JSON.stringify(this.#regions) : "";
    return `${this.#verdict?.seq}/${this.#way}${fields}`;
  }

  // One at a time, and then the newest: a line that is quicker than the pictures leaves some out.
  async #load() {
    const wanted = this.#wanted;
    if (this.#isBusy || this.#loading === wanted) return;
    this.#isBusy = true;
    this.#loading = wanted;
    const [verdict, way] = [this.#verdict, this.#way];
    if (way === "nearest") this.#say(text("searching"), wanted);
    const { shown, words, isComing } = await load(verdict, way, this.#regions);
    this.#isBusy = false;
    if (this.#loading === wanted) {
      if (shown) this.#find(".stack").replaceChildren(...shown);
      else this.#say(words, wanted);
      if (isComing) setTimeout(() => this.#loadAgain(wanted), pause);
    }
    if (this.#wanted !== wanted) this.#draw();
  }

  #loadAgain(wanted) {
    if (this.#loading !== wanted) return;
    this.#loading = null;
    this.#draw();
  }
}

// - Returns: { shown }, or why there is nothing in `words`, and whether it may be there later (`isComing`).
async function load(verdict, way, regions) {
  if (way === "fields") {
    const image = verdict?.image ? await picture(`/v1/inspections/${verdict.seq}/image`).catch(() => null) : null;
    if (image) image.alt = text("pictureOf", { part: label(verdict) });
    return { shown: [...(image ? [image] : []), map(regions, image)] };
  }
  const address = `/v1/inspections/${verdict.seq}/${way}`;
  try {
    if (way === "nearest") return await pair(verdict);
    const image = await picture(address);
    image.alt = text(way === "image" ? "pictureOf" : "heatmapOf", { part: label(verdict) });
    return { shown: [image, ...(way === "image" ? [boxes(verdict, image)] : [])] };
  } catch {
    return why(address);
  }
}

async function picture(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

async function pair(verdict) {
  const part = `/v1/inspections/${verdict.seq}`;
  const address = `${part}/nearest`;
  const answer = await fetch(`${address}?as=json`);
  if (!answer.ok) throw new Error(String(answer.status));
  const found = await answer.json();
  if (found.missing === "picture") return why(`${part}/image`);
  if (found.missing) return { words: text(`nearest.${found.missing}`) };
  const good = text(found.way === "nearest" ? "nearestGood" : "samePlace");
  const image = await picture(address);
  image.alt = text("nearestOf", { part: label(verdict), good });
  return { shown: [image, half("left", text("thisPart")), half("right", good)] };
}

// An image does not say why it is not there.
async function why(address) {
  try {
    const answer = await fetch(address);
    // It came meanwhile.
    if (answer.ok) return { words: text("pictureWaiting"), isComing: true };
    const { code } = (await answer.json()).error;
    if (code === "picture_waiting") return { words: text("pictureWaiting"), isComing: true };
    if (answer.status === 503) return { words: text("searching"), isComing: true };
    return { words: text(code === "picture_dropped" ? "pictureDropped" : "pictureGone") };
  } catch {
    return { words: text("connecting"), isComing: true };
  }
}

function half(side, words) {
  const element = document.createElement("p");
  element.className = `half ${side}`;
  element.textContent = words;
  return element;
}

// Drawn over the picture, in its pixels.
function boxes(verdict, image) {
  const around = (region) => ["under", "over"].map((name) => box(region, name));
  const drawing = over(image, "boxes", (verdict.regions ?? []).flatMap(around));
  drawing.setAttribute("aria-hidden", "true");
  return drawing;
}

// Without a picture the inspected region alone.
function map({ area, counts }, image) {
  const { fields, words } = count({ area, counts });
  const most = Math.max(...counts.flat());
  const drawing = over(image ?? { naturalWidth: area.width, naturalHeight: area.height }, "fields", [
    box(area, "under"), box(area, "over"),
    ...fields.flatMap(({ row, column, count }) => {
      const [width, height] = [area.width / counts[row].length, area.height / counts.length];
      const place = { x: area.x + column * width, y: area.y + row * height, width, height };
      const field = box(place, "field");
      field.setAttribute("fill-opacity", (0.2 + 0.6 * count / most).toFixed(2));
      return [field, written(place, String(count))];
    }),
  ]);
  if (!image) drawing.setAttribute("viewBox", `${area.x} ${area.y} ${area.width} ${area.height}`);
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", `${words}: ${fields.map(({ name, count }) => `${name} ${count}`).join(", ")}`);
  return drawing;
}

// The fields with an NG, those with most first, named as in the daemon's statistics.
function count({ counts }) {
  const fields = counts.flatMap((line, row) => line.map((count, column) => ({
    row, column, count, name: `${"ABCDEFGH"[column]}${row + 1}`,
  }))).filter(({ count }) => count > 0).sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  const all = fields.reduce((sum, { count }) => sum + count, 0);
  const [first] = fields;
  const words = first ? text("fieldsOf", { count: number(all), field: first.name, most: number(first.count) }) : text("noFields");
  return { fields, words };
}

function over(image, name, shapes) {
  const drawing = document.createElementNS(svg, "svg");
  drawing.setAttribute("class", name);
  drawing.setAttribute("viewBox", `0 0 ${image.naturalWidth} ${image.naturalHeight}`);
  drawing.append(...shapes);
  return drawing;
}

function box(place, name) {
  const element = document.createElementNS(svg, "rect");
  for (const side of ["x", "y", "width", "height"]) element.setAttribute(side, Number(place[side]));
  element.setAttribute("class", name);
  return element;
}

// As large as the place lets it be.
function written({ x, y, width, height }, words) {
  const element = document.createElementNS(svg, "text");
  element.setAttribute("x", x + width / 2);
  element.setAttribute("y", y + height / 2);
  element.setAttribute("font-size", Math.min(height * 0.8, width * 1.5 / words.length));
  element.textContent = words;
  return element;
}

// A part by its number, its own name if it has one, and its time.
export function label(verdict) {
  const name = verdict.part ?? verdict.frame;
  return text(name ? "partNamed" : "partNumbered", { seq: verdict.seq, name: plain(name), time: time(verdict.time) });
}
