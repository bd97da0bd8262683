// The page put together: the stream feeds what is known, and what is known is drawn.
import { act, Question } from "./ask.js";
import { CameraView, set } from "./camera.js";
import { Judgements } from "./judge.js";
import { Line } from "./line.js";
import { ActionPanel } from "./panel.js";
import { Shift } from "./shift.js";
import { Sound } from "./sound.js";
import { Stream } from "./stream.js";
import { language, languages, load, plain, text, time, use, wanted, word } from "./text.js";

// Causes that the banner has room for.
const told = 3;
// Between two looks at what people say of parts, at the lots, and at what is counted.
const period = 5000;

const line = new Line();
const shift = new Shift(soon);
// What somebody says of a part is counted at once.
const judgements = new Judgements(soon, count);
const views = new Map();
const find = (id) => document.getElementById(id);
const question = new Question(find("acknowledge"));
const panel = new ActionPanel(judgements, question, async () => {
  soon();
  await lots();
});
let chosen = new URLSearchParams(location.search).get("camera");
let version = null;
let isDue = false;
let isFilled = false;

await load();
use(wanted());
const sound = new Sound(find("sound"));
write();
const stream = new Stream({ event: take, change: draw });
setInterval(draw, 1000);
setInterval(() => {
  if (!stream.isLive) return;
  judgements.refresh();
  lots();
  count();
}, period);
judgements.refresh();
lots();
for (const [name, own] of Object.entries(languages)) {
  find("language").add(new Option(own, name, false, name === language));
}
find("language").addEventListener("change", (event) => {
  use(event.target.value);
  write();
  for (const view of views.values()) view.write();
  draw();
});
find("all").addEventListener("click", () => choose(null));
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  question.close();
  panel.close();
  for (const view of views.values()) view.release();
  draw();
});
draw();

function write() {
  question.write();
  panel.write();
  sound.write();
}

function take(name, data) {
  switch (name) {
    case "state":
      // Another version of the daemon has another page.
      if (version !== null && data.version !== version) location.reload();
      version = data.version;
      line.status = data;
      break;
    case "verdict":
      // Before the first sign of life they are of before, and their age is not known here.
      if (line.add(data, stream.isLive ? Date.now() : Date.parse(data.time)) !== null) hear(data);
      break;
    case "heartbeat":
      if (line.forgetIfOther(data)) {
        judgements.forget();
        return stream.open();
      }
      for (const view of views.values()) view.beat();
      find("beat").dataset.beat = find("beat").dataset.beat === "1" ? "0" : "1";
      set(find("clock"), time(data.now));
      if (!isFilled) {
        fill();
        count();
      }
      break;
  }
  soon();
}

// Of what is shown, and is new.
function hear({ verdict, camera }) {
  if (verdict === "NG" && stream.isLive && (chosen === null || chosen === camera)) sound.reject();
}

// Several events in one drawing; by a timer, for frames are not drawn while nobody looks.
function soon() {
  if (isDue) return;
  isDue = true;
  setTimeout(draw, 0);
}

// The last reject may be long ago.
async function fill() {
  isFilled = true;
  try {
    const answer = await fetch("/v1/history?verdict=NG&limit=50");
    if (!answer.ok) throw new Error(String(answer.status));
    for (const words of (await answer.text()).split("\n")) {
      const verdict = words ? JSON.parse(words) : {};
      if (verdict.verdict === "NG") line.remember(verdict);
    }
  } catch {
    // Asked again with the next sign of life but a few.
    setTimeout(() => (isFilled = false), 5000);
  }
  soon();
}

// Of which lot the next parts of each camera are.
async function lots() {
  try {
    const answer = await fetch("/v1/lots");
    if (!answer.ok) throw new Error(String(answer.status));
    line.lots = new Map((await answer.json()).lots.map(({ camera, lot }) => [camera, lot]));
    soon();
  } catch { /* Asked again in a while. */ }
}

// Of the cameras that have room for it.
function count() {
  shift.refresh([...views.values()].filter(({ element }) => !element.hidden).slice(0, 2).map(({ name }) => name));
}

function choose(name) {
  chosen = name;
  const address = new URL(location.href);
  if (name === null) address.searchParams.delete("camera");
  else address.searchParams.set("camera", name);
  history.replaceState(null, "", address);
  draw();
}

function draw() {
  isDue = false;
  const { isLive } = stream;
  document.body.classList.toggle("stale", !isLive);
  const { status } = line;
  set(find("station"), plain(status?.station ?? "fsac"));
  document.title = `${plain(status?.station ?? "fsac")} · fsac`;
  drawSentence(isLive);
  drawBanner(isLive);
  question.draw(Date.now());
  if (isLive && line.status?.alarms?.length) sound.alarm(Date.now());
  drawCameras(isLive);
  // Alarms stand in the banner.
  const warning = status?.warnings.find(({ place }) => !place.startsWith("alarm "));
  find("warning").hidden = !warning;
  if (warning) set(find("warning"), `${text("note")} ${plain(warning.place)}: ${plain(warning.reason, 300)}`);
}

// For screen readers and everybody: the line in one sentence.
function drawSentence(isLive) {
  const cause = line.status?.causes[0];
  const words = !isLive ? silence() : cause ? word("state", cause.state) : text("inspecting");
  set(find("sentence"), words);
}

function silence() {
  if (stream.refusal) return text(stream.refusal);
  return stream.heardAt === null ? text("connecting") : text("noAnswer", { time: time(stream.heardAt) });
}

function drawBanner(isLive) {
  const lines = isLive
    ? (line.status?.causes ?? []).slice(0, told).map((cause) => ({
      // Reasons count seconds: what is said is not said anew for that.
      title: whose(cause) + word("state", cause.state), since: cause.since,
      todo: word("do", cause.state), reason: plain(cause.reason, 300),
    })).concat(alarms())
    : [{ title: silence(), since: null, todo: text(stream.refusal ? "doTooMany" : "doNoAnswer"), reason: "" }];
  const banner = find("banner");
  const is = JSON.stringify([language, lines.map(({ title, since, todo, camera }) => [title, since, todo, camera])]);
  if (banner.dataset.is === is) {
    lines.forEach(({ reason }, index) => set(banner.children[index].querySelector(".reason"), reason));
    return;
  }
  banner.dataset.is = is;
  banner.replaceChildren(...lines.map(({ title, since, todo, reason, camera }) => {
    const element = document.createElement("div");
    for (const [name, words] of [
      ["title", title], ["since", since ? text("since", { time: time(since) }) : ""], ["todo", todo],
      ["reason", reason],
    ]) {
      const part = document.createElement("p");
      part.className = name;
      part.textContent = words;
      element.append(part);
    }
    if (camera !== undefined) element.append(acknowledgement(camera));
    return element;
  }));
}

// What somebody has to look at though the line goes on.
function alarms() {
  const mayAct = judgements.may("acknowledge");
  return (line.status?.alarms ?? []).slice(0, told).map(({ camera, kind, since, reason }) => ({
    title: `${plain(camera)}: ${word("alarm", kind)}`, since,
    todo: word("do", kind) + (mayAct ? "" : " (fsacctl alarm acknowledge)"), reason: plain(reason, 300),
    camera: mayAct ? camera : undefined,
  }));
}

// Of all alarms of a camera.
function acknowledgement(camera) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text("acknowledge");
  const ask = (words) => question.ask(words, async (who) => {
    const { reason } = await act("/v1/alarms/acknowledge", { camera }, who);
    if (reason !== undefined) ask(reason);
  }, button);
  button.addEventListener("click", () => ask(text("sayAcknowledge", { camera: plain(camera) })));
  return button;
}

const whose = ({ place }) => (place.startsWith("camera ") ? `${plain(place.slice("camera ".length))}: ` : "");

function drawCameras(isLive) {
  const cameras = line.cameras;
  const place = find("cameras");
  for (const [name, view] of views) {
    if (cameras.some((camera) => camera.name === name)) continue;
    view.element.remove();
    views.delete(name);
  }
  for (const { name } of cameras) {
    if (views.has(name)) continue;
    const view = new CameraView(name, judgements, () => choose(chosen === null ? name : null));
    views.set(name, view);
    place.append(view.element);
  }
  if (!views.has(chosen)) chosen = cameras.length ? null : chosen;
  const visible = cameras.filter(({ name }) => chosen === null || name === chosen);
  place.dataset.count = visible.length;
  find("all").hidden = chosen === null || cameras.length < 2;
  set(find("all"), text("allCameras"));
  find("waiting").hidden = cameras.length > 0;
  set(find("waiting").firstElementChild, text(isLive ? "noCamera" : "unknown"));
  const now = Date.now();
  for (const camera of cameras) {
    const view = views.get(camera.name);
    view.element.hidden = !visible.includes(camera);
    view.element.querySelector(".choose").disabled = cameras.length < 2;
    if (!view.element.hidden) view.draw(camera, line, shift.of(camera.name), isLive, now);
  }
  panel.draw(visible, line, isLive, now);
}
