// A recording before it is sent: its strip, its length, its sound to listen to, a way to save it.

import { LEVEL_SECONDS } from "./recorder.js";
import { clock } from "./say.js";

/** Fill `parts` (listen, save, length, sound, recorded) from an entry (outbox.js). */
export function showRecording(parts, { blob, name, levels = [], seconds }, warning) {
  if (parts.save.href) URL.revokeObjectURL(parts.save.href);
  parts.listen.src = parts.save.href = URL.createObjectURL(blob);
  parts.save.download = name;
  parts.length.textContent = seconds ? clock(seconds) : "";
  parts.sound.textContent = warning;
  parts.recorded.hidden = !levels.length; // of an uploaded file nothing is drawn before it was heard
  parts.recorded.show({ levels, step: LEVEL_SECONDS, seconds: seconds || 1 });
}
