// An answer that is deleted is deleted on this device, too, before its form is sent.

import { drop, ofAnswer } from "./outbox.js";

for (const form of document.querySelectorAll("form[data-answer]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const kept = await ofAnswer(form.dataset.answer);
    if (kept) await drop(kept.key);
    form.submit(); // does not come here again
  });
}
