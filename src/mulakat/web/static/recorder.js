// One recording: the microphone, its level, and the encoded sound.

const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4;codecs=mp4a.40.2", "audio/mp4"];
const BITS_PER_SECOND = 40_000; // speech in Opus is transparent to a recogniser well below this
const PIECE_MS = 1000; // what is encoded so far is handed over this often
export const LEVEL_SECONDS = 0.05;
const QUIETEST_DB = -54; // a level of 0; a quiet room lies about here after gain control
const LOUDEST_DB = -6; // a level of 100

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
  #stream;
  #context;
  #recorder;
  #pieces = [];
  #timer;
  #lock = null;
  #began = 0;
  #ended;
  #cut = false;

  /**
   * Open the microphone and record. `onlevel(level, seconds)` is called with 0–100 twenty
   * times a second. Throws NoRecording.
   */
  static async start(onlevel) {
    const context = new AudioContext(); // made within the click: later it would stay suspended
    try {
      return await new Recording().#open(context, await openMicrophone(), onlevel);
    } catch (error) {
      context.close();
      throw error;
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
    for (const track of stream.getAudioTracks()) track.onended = () => (this.#cut = true);
    this.#recorder.start(PIECE_MS);
    this.#began = performance.now();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      const db = 10 * Math.log10(power + 1e-12);
      const level = Math.round((100 * (db - QUIETEST_DB)) / (LOUDEST_DB - QUIETEST_DB));
      const kept = Math.min(100, Math.max(0, level));
      // A hidden tab's timers are slowed: fill up, so that the strip keeps its time.
      while (this.levels.length * LEVEL_SECONDS < this.seconds) this.levels.push(kept);
      onlevel(kept, this.seconds);
    }, LEVEL_SECONDS * 1000);
    // A phone that locks its screen stops recording. Not everywhere allowed, never needed.
    this.#lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
    return this;
  }

  get seconds() {
    return (performance.now() - this.#began) / 1000;
  }

  /** Called with nothing when recording ended without being stopped by us. */
  whenLost(callback) {
    this.#ended.then(() => this.#cut && callback());
  }

  /** Stop; the sound so far as a File, with its length in seconds. */
  async stop() {
    const seconds = this.seconds;
    this.#close();
    await this.#ended;
    const type = this.#recorder.mimeType || this.#pieces[0]?.type || "audio/webm";
    const file = new File(this.#pieces, `answer.${containerOf(type)}`, { type });
    return { file, seconds, levels: this.levels };
  }

  discard() {
    this.#close();
    this.#pieces = [];
  }

  #close() {
    clearInterval(this.#timer);
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    for (const track of this.#stream.getTracks()) track.stop();
    this.#context.close().catch(() => null);
    this.#lock?.release().catch(() => null);
  }
}
