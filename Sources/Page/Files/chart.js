// Two charts of the shift, drawn in units of their own and stretched to the room that there is.
import { set } from "./camera.js";
import { number, share, text, time } from "./text.js";

const svg = "http://www.w3.org/2000/svg";
const [width, height] = [240, 60];

export class Charts {
  #place;
  #is = "";

  constructor(place) {
    this.#place = place;
  }

  write() {
    this.#is = "";
  }

  // shift: see Shift; undefined = nothing is known.
  draw(shift) {
    this.#place.hidden = !shift;
    const is = JSON.stringify([shift?.hours, shift?.scores]);
    if (!shift || is === this.#is) return;
    this.#is = is;
    this.#rates(shift.hours);
    this.#scores(shift.scores);
  }

  // A bar an hour.
  #rates(hours) {
    const most = Math.max(...hours.map(({ rate }) => rate), 0.01);
    const step = width / Math.max(hours.length, 1);
    const bars = hours.map(({ rate, isOut }, index) => shape("rect", {
      x: index * step + step * 0.1, width: step * 0.8, y: height * (1 - rate / most), height: height * rate / most,
      class: isOut ? "out" : "hour",
    }));
    const words = hours.map(({ from, rate }) => `${time(from)} ${share(rate, 1)}`).join(", ");
    this.#show(".rates", text("ngPerHour", { most: share(most, 1) }), words, bars);
  }

  // The weighted mean of OK scores and its limits.
  #scores(chart) {
    const points = chart?.points ?? [];
    const values = points.flatMap(({ value, lower, upper }) => [value, lower, upper]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const scale = most > least ? height * 0.9 / (most - least) : 0;
    const line = (key) => points.map((point, index) => {
      const x = points.length > 1 ? index * width / (points.length - 1) : 0;
      return `${index ? "L" : "M"}${x.toFixed(1)} ${(height * 0.95 - (point[key] - least) * scale).toFixed(1)}`;
    }).join("");
    const lines = ["lower", "upper", "value"].map((key) => shape("path", { d: line(key), class: key }));
    const words = chart
      ? text("scoresMean", { mean: number(chart.mean, 2), parts: number(chart.parts), out: number(chart.out) }) : "–";
    this.#show(".scores", text("scores120"), words, points.length > 1 ? lines : []);
  }

  #show(selector, title, words, shapes) {
    const figure = this.#place.querySelector(selector);
    set(figure.querySelector("figcaption"), title);
    const drawing = figure.querySelector("svg");
    drawing.setAttribute("aria-label", `${title}: ${words || "–"}`);
    drawing.replaceChildren(...shapes);
  }
}

function shape(name, attributes) {
  const element = document.createElementNS(svg, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
