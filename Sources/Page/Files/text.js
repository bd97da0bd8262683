import { remember, remembered } from "./memory.js";

// Languages: one table each, /assets/LANGUAGE.json; en stands for all that are not there.
export const languages = { en: "English", de: "Deutsch", es: "Español", zh: "中文" };

const tables = {};
let table = {};
export let language = "en";

// ?lang=, then what was chosen here before, then the browser's own, in their order.
export function wanted() {
  const asked = [new URLSearchParams(location.search).get("lang"), remembered("language"), ...(navigator.languages ?? [])];
  for (const name of asked) {
    const short = (name ?? "").toLowerCase().split("-")[0];
    if (Object.hasOwn(languages, short)) return short;
  }
  return "en";
}

// All at once: a language can be chosen also while nobody answers.
export const load = () => Promise.all(Object.keys(languages).map(async (name) => {
  const answer = await fetch(`/assets/${name}.json`);
  if (!answer.ok) throw new Error(`${name}.json: ${answer.status}`);
  tables[name] = await answer.json();
}));

export function use(name) {
  [table, language] = [tables[name], name];
  document.documentElement.lang = name;
  remember("language", name);
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
}

// The text of a key, with values in the places that it names in braces.
export function text(key, values = {}) {
  const pattern = Object.hasOwn(table, key) ? table[key] : key;
  return pattern.replace(/\{(\w+)\}/g, (all, name) => (Object.hasOwn(values, name) ? String(values[name]) : all));
}

// The text of a word of the daemon's, such as a cause; a word that this version does not know stands for itself.
export function word(kind, name) {
  return Object.hasOwn(table, `${kind}.${name}`) ? table[`${kind}.${name}`] : plain(name);
}

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

export function share(part, whole) {
  const style = { style: "percent", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(language, style).format(whole > 0 ? part / whole : 0);
}

// The time of day; with the day when it is another one than today.
export function time(moment, now = new Date()) {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return "?";
  const isToday = date.toDateString() === now.toDateString();
  const day = isToday ? {} : { year: "numeric", month: "2-digit", day: "2-digit" };
  return new Intl.DateTimeFormat(language, { ...day, hour: "2-digit", minute: "2-digit", second: "2-digit",
    hour12: false }).format(date);
}

export function ago(seconds) {
  const [amount, unit] =
    seconds < 60 ? [seconds, "second"] : seconds < 3600 ? [seconds / 60, "minute"]
      : seconds < 86400 ? [seconds / 3600, "hour"] : [seconds / 86400, "day"];
  return new Intl.RelativeTimeFormat(language, { style: "short" }).format(-Math.floor(amount), unit);
}

// Names come from files, readers and people: what steers the writing direction or cannot be seen is shown as such, and
// a name is cut where it would push everything else away.
export function plain(name, most = 80) {
  const seen = String(name ?? "").replace(
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, "\ufffd");
  const letters = Array.from(seen);
  return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : seen;
}
