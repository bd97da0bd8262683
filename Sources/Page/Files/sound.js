// Two tones for who looks elsewhere: a low one for an NG, and a high one again and again until an alarm is acknowledged.
import { set } from "./camera.js";
import { remember, remembered } from "./memory.js";
import { text } from "./text.js";

const tones = { reject: { hertz: 220, seconds: 0.5 }, alarm: { hertz: 880, seconds: 0.25 } };
// Between two tones of an alarm.
const pause = 2000;
const loudness = 0.5;

export class Sound {
  #button;
  #isOn = remembered("sound") === "on";
  // Null until it is wanted.
  #context = null;
  #alarmAt = 0;
  #endsAt = 0;

  constructor(button) {
    this.#button = button;
    button.addEventListener("click", () => {
      // Whoever taps what is blocked wants to hear it.
      this.#isOn = !this.#isOn || this.#isBlocked;
      remember("sound", this.#isOn ? "on" : "off");
      this.#make();
    });
    // A browser lets a page be heard only by who has touched it.
    for (const name of ["pointerup", "keydown"]) addEventListener(name, () => this.#make());
    this.#make();
  }

  // In the language of now.
  write() {
    set(this.#button, text(!this.#isOn ? "soundOff" : this.#isBlocked ? "soundBlocked" : "soundOn"));
  }

  reject() {
    this.#play(tones.reject);
  }

  // Of each moment in which there is one.
  alarm(now) {
    if (now - this.#alarmAt < pause) return;
    this.#alarmAt = now;
    this.#play(tones.alarm);
  }

  get #isBlocked() {
    return this.#isOn && this.#context?.state !== "running";
  }

  #make() {
    if (this.#isOn && !this.#context) {
      this.#context = new AudioContext();
      this.#context.addEventListener("statechange", () => this.write());
    }
    if (this.#isBlocked) this.#context.resume();
    this.write();
  }

  // Not over each other: of several rejects in a moment one is heard.
  #play({ hertz, seconds }) {
    if (!this.#isOn || this.#isBlocked) return;
    const context = this.#context;
    const begin = context.currentTime;
    if (begin < this.#endsAt) return;
    this.#endsAt = begin + seconds;
    const [tone, gain] = [new OscillatorNode(context, { frequency: hertz }), new GainNode(context, { gain: 0 })];
    // Without a crack at either end.
    gain.gain.setTargetAtTime(loudness, begin, 0.01);
    gain.gain.setTargetAtTime(0, begin + seconds - 0.05, 0.01);
    tone.connect(gain).connect(context.destination);
    tone.start(begin);
    tone.stop(begin + seconds);
  }
}
