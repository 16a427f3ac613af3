// Says before a logout that it would delete a recording that the server does not have.

import { pending } from "./outbox.js";
import { say } from "./say.js";

class UnsentNote extends HTMLElement {
  async connectedCallback() {
    const unsent = await pending(this.dataset.account);
    if (unsent.length) this.textContent = say("unsent");
  }
}

customElements.define("unsent-note", UnsentNote);
