// After an answer or an interview is deleted: its recordings do not stay on the device either.

import { drop, sent } from "./outbox.js";

for (const { key, answer } of await sent()) {
  const response = await fetch(`/api/v1/evaluations/${answer}`).catch(() => null);
  if (response?.status === 404) await drop(key);
}
