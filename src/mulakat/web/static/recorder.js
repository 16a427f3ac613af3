// One recording: the microphone, its level, and the encoded sound.

const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4;codecs=mp4a.40.2", "audio/mp4"];
const BITS_PER_SECOND = 40_000; // speech in Opus is transparent to a recogniser well below this
const PIECE_MS = 1000; // what is encoded so far is handed over this often
export const LEVEL_SECONDS = 0.05;
const QUIETEST_DB = -54; // a level of 0; a quiet room lies about here after gain control
const LOUDEST_DB = -6; // a level of 100
const CLIPPED = 0.985; // of full scale: converters and gain controls distort from about here

/** A reason that no recording can be made; `key` is its sentence's name. */
export class NoRecording extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}

function containerOf(type) {
  return type.includes("webm") ? "webm" : type.includes("ogg") ? "ogg" : "m4a";
}

async function openMicrophone() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new NoRecording(window.isSecureContext ? "recorder_absent" : "microphone_insecure");
  }
  if (!window.MediaRecorder) throw new NoRecording("recorder_absent");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    if (error.name === "NotAllowedError" || error.name === "SecurityError") {
      throw new NoRecording("microphone_denied");
    }
    if (error.name === "NotFoundError") throw new NoRecording("microphone_absent");
    throw new NoRecording("microphone_busy");
  }
}

export class Recording {
  levels = [];
  muted = false;
  #stream;
  #context;
  #recorder;
  #pieces = [];
  #timer;
  #lock = null;
  #since = 0; // when it began or went on, in ms
  #before = 0; // ms recorded before the last pause
  #ended;
  #cut = false;
  #seen = () => document.visibilityState === "visible" && this.#keepAwake();

  /**
   * Open the microphone and record. `onlevel({level, clipped, seconds})` is called twenty times
   * a second with a level of 0–100 and whether it is distorted. Throws NoRecording.
   */
  static async start(onlevel) {
    const context = new AudioContext(); // made within the click: later it would stay suspended
    let stream;
    try {
      stream = await openMicrophone();
      return await new Recording().#open(context, stream, onlevel);
    } catch (error) {
      context.close();
      for (const track of stream?.getTracks() ?? []) track.stop();
      throw error instanceof NoRecording ? error : new NoRecording("recorder_absent");
    }
  }

  async #open(context, stream, onlevel) {
    this.#context = context;
    this.#stream = stream;
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const options = { audioBitsPerSecond: BITS_PER_SECOND, ...(mimeType && { mimeType }) };
    this.#recorder = new MediaRecorder(stream, options);
    this.#recorder.ondataavailable = ({ data }) => data.size && this.#pieces.push(data);
    this.#ended = new Promise((resolve) => (this.#recorder.onstop = resolve));
    for (const track of stream.getAudioTracks()) {
      track.onended = () => (this.#cut = true);
      track.onmute = () => (this.muted = true); // a call comes in, or the screen is locked
      track.onunmute = () => (this.muted = false);
    }
    this.#recorder.onerror = () => (this.#cut = true); // it stops after that
    this.#recorder.start(PIECE_MS);
    this.#since = performance.now();
    this.#watch(context, stream, onlevel);
    this.#keepAwake();
    document.addEventListener("visibilitychange", this.#seen);
    return this;
  }

  #watch(context, stream, onlevel) {
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      if (this.paused) return;
      analyser.getFloatTimeDomainData(samples);
      let power = 0;
      let peak = 0;
      for (const sample of samples) {
        power += sample * sample;
        peak = Math.max(peak, Math.abs(sample));
      }
      const db = 10 * Math.log10(power / samples.length + 1e-12);
      const share = (db - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB);
      const level = Math.round(100 * Math.min(1, Math.max(0, share)));
      // A hidden tab's timers are slowed: fill up, so that the strip keeps its time.
      while (this.levels.length * LEVEL_SECONDS < this.seconds) this.levels.push(level);
      onlevel({ level, clipped: peak >= CLIPPED, seconds: this.seconds });
    }, LEVEL_SECONDS * 1000);
  }

  /** A phone that locks its screen stops recording. Not everywhere allowed, never needed. */
  async #keepAwake() {
    this.#lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
    if (this.#recorder.state === "inactive") this.#lock?.release();
  }

  get paused() {
    return this.#recorder.state === "paused";
  }

  get seconds() {
    return (this.#before + (this.#since && performance.now() - this.#since)) / 1000;
  }

  pause() {
    if (this.#recorder.state !== "recording") return;
    this.#recorder.pause();
    this.#before = 1000 * this.seconds;
    this.#since = 0;
  }

  resume() {
    if (!this.paused) return;
    this.#recorder.resume();
    this.#since = performance.now();
  }

  /** Called with nothing when recording ended without being stopped by us. */
  whenLost(callback) {
    this.#ended.then(() => this.#cut && callback());
  }

  /** The sound so far, in case that this page does not live to its end. */
  soFar() {
    return this.#file();
  }

  /** Stop; the sound as a File, with its length in seconds. */
  async stop() {
    const seconds = this.seconds;
    this.#close();
    await this.#ended;
    return { ...this.#file(), seconds };
  }

  #file() {
    const type = this.#recorder.mimeType || this.#pieces[0]?.type || "audio/webm";
    const name = `answer.${containerOf(type)}`;
    return { blob: new Blob(this.#pieces, { type }), name, seconds: this.seconds, levels: [...this.levels] };
  }

  discard() {
    this.#close();
    this.#pieces = [];
  }

  #close() {
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#seen);
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    for (const track of this.#stream.getTracks()) track.stop();
    this.#context.close().catch(() => null);
    this.#lock?.release().catch(() => null);
  }
}
