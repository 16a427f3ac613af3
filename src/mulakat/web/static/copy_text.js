// A text with a button that copies it; where the browser does not let it, the text is marked.

import { el } from "./elements.js";

class CopyText extends HTMLElement {
  connectedCallback() {
    this.text = this.querySelector("code");
    this.told = el("span", { class: "small", role: "status" });
    const button = el("button", { type: "button", class: "second" }, this.dataset.copy);
    button.addEventListener("click", () => this.copy());
    this.append(button, this.told);
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.text.textContent);
      this.told.textContent = this.dataset.copied;
    } catch {
      getSelection().selectAllChildren(this.text); // no https, or not allowed
      this.told.textContent = this.dataset.failed;
    }
  }
}

customElements.define("copy-text", CopyText);
