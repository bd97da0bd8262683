// What is known of the line, and what may be said of it: values and pure functions, no page.

const kept = 60;
export const shown = 20;
// Parts a second beyond which the tile shows the worst of the last second: nobody reads faster.
const readable = 4;

export class Line {
  status = null;
  // Names, by camera.
  lots = new Map();
  #cameras = new Map();
  #newest = 0;

  camera(name) {
    if (!this.#cameras.has(name)) this.#cameras.set(name, { name, verdicts: [], reject: null, skipped: 0 });
    return this.#cameras.get(name);
  }

  // In the daemon's order.
  get cameras() {
    return (this.status?.cameras ?? []).map((reply) => ({
      ...this.camera(reply.name), reply, lot: this.lots.get(reply.name),
    }));
  }

  // - Returns: the camera's name; null = it was known already.
  add(verdict, at) {
    if (verdict.seq !== 0 && verdict.seq <= this.#newest) return null;
    this.#newest = Math.max(this.#newest, verdict.seq);
    const camera = this.camera(verdict.camera);
    camera.verdicts = [...camera.verdicts.slice(1 - kept), { ...verdict, at }];
    if (verdict.verdict === "NG") camera.reject = verdict;
    return verdict.camera;
  }

  // A reject of before what the stream tells.
  remember(verdict) {
    const camera = this.camera(verdict.camera);
    if (!camera.reject || camera.reject.seq < verdict.seq) camera.reject = verdict;
  }

  // Numbers that the daemon has not reached: its journal is another one.
  forgetIfOther(heartbeat) {
    if (heartbeat.last_seq >= this.#newest) return false;
    this.#cameras.clear();
    this.#newest = 0;
    return true;
  }

  // What keeps this camera's parts from their verdicts, the worst first: its own troubles and those of all.
  causes(name) {
    const isOurs = ({ place }) => !place.startsWith("camera ") || place === `camera ${name}`;
    return (this.status?.causes ?? []).filter(isOurs);
  }

  recipe(name) {
    return this.status?.recipes.find((recipe) => recipe.cameras.includes(name)) ?? null;
  }
}

const badness = { NG: 3, INVALID: 2, OK: 1 };

// The verdict that the tile shows, and of how many parts it is the worst.
export function leading(verdicts, now) {
  const newest = verdicts.at(-1) ?? null;
  const second = verdicts.filter(({ at }) => at !== null && now - at < 1000);
  if (second.length <= readable) return { verdict: newest, of: 1 };
  const worst = second.reduce((worst, next) => (rank(next) >= rank(worst) ? next : worst));
  return { verdict: worst, of: second.length };
}

// An unknown word is no OK either.
const rank = (verdict) => badness[verdict.verdict] ?? 2;

// What the tile says: { kind: unknown, ok, ng, invalid; key: its word; verdict; of; cause }
//
// OK only of a part that was judged so, by a line that judges, told by a daemon that lives.
export function tile(camera, causes, isLive, now) {
  const nothing = (key, cause = null) => ({ kind: "unknown", key, verdict: null, of: 0, cause });
  if (!isLive) return nothing("unknown");
  const { verdict, of } = leading(camera.verdicts, now);
  const cause = causes[0] ?? null;
  if (!verdict) return nothing(cause ? "unknown" : "noPart", cause);
  if (cause && verdict.verdict !== "INVALID") return nothing("unknown", cause);
  switch (verdict.verdict) {
    case "OK": return { kind: "ok", key: "ok", verdict, of, cause };
    case "NG": return { kind: "ng", key: "ng", verdict, of, cause };
    default: return { kind: "invalid", key: "invalid", verdict, of, cause };
  }
}

// Of a verdict, for a sign: small letters.
export const kind = (verdict) => ({ OK: "ok", NG: "ng" })[verdict.verdict] ?? "invalid";
