// The shift that runs, by camera: what the daemon counts of its journal.

// Of the scores that are drawn.
const stretch = 120 * 60_000;

export class Shift {
  #cameras = new Map();
  #isBusy = false;
  #told;

  // told: called when there is something new.
  constructor(told) {
    this.#told = told;
  }

  // { total, hours, scores, regions }, or undefined while nobody knows.
  of(camera) {
    return this.#cameras.get(camera);
  }

  // One question after the other: they read files.
  async refresh(cameras) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (const camera of cameras) {
      try {
        const name = encodeURIComponent(camera);
        const since = new Date(Date.now() - stretch).toISOString().replace(/\.\d+Z$/, "Z");
        const shift = await ask(`shift=current&by=hour&camera=${name}`);
        const scores = await ask(`since=${since}&by=cause&camera=${name}`);
        const out = new Set((shift.rate_chart?.points ?? []).filter((point) => point.out).map((point) => point.name));
        this.#cameras.set(camera, {
          name: shift.shift, from: shift.from, total: shift.total,
          hours: shift.groups.filter(({ tally }) => tally.ng_rate !== undefined).map(({ name, from, tally }) => ({
            from, rate: tally.ng_rate, isOut: out.has(name),
          })),
          // Scores of another generation are none of the same scale.
          scores: (scores.score_charts ?? []).at(-1) ?? null,
          regions: shift.regions,
        });
      } catch {
        // Of an index that is being built nothing is known: the counts since the start are shown.
        this.#cameras.delete(camera);
      }
    }
    this.#isBusy = false;
    this.#told();
  }
}

async function ask(query) {
  const answer = await fetch(`/v1/statistics?${query}`);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}
