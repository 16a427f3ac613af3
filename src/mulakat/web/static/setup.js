// The set-up of an interview: the estimate follows the choice, a document is sent and read meanwhile.

import { el } from "./elements.js";
import { language, limits, number, percent, say } from "./say.js";

const ADDRESS = "/api/v1/documents";
const LOOK_AGAIN_MS = 700;
const MIB = 1 << 20;

/** Send a form's body and return status and document; `onsent` gets the ratio that is out. */
function post(body, onsent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", ADDRESS);
    request.setRequestHeader("Accept-Language", language);
    request.upload.onprogress = ({ loaded, total }) => total && onsent(loaded / total);
    request.onerror = reject;
    request.onload = () => resolve([request.status, JSON.parse(request.responseText)]);
    request.send(body);
  });
}

class InterviewSetup extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.form.addEventListener("change", () => this.#estimate());
    this.querySelector('[data-do="add"]').addEventListener("click", (event) => {
      event.preventDefault();
      this.#add(event.currentTarget);
    });
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  #estimate() {
    const line = this.#part("estimate");
    const count = this.form.elements.questions.value;
    line.textContent = say("estimate", { minutes: number(line.dataset.each * count) });
  }

  #refuse(sentence) {
    const line = this.#part("problem");
    line.hidden = !sentence;
    line.textContent = sentence ?? "";
    if (sentence) this.#part("sent").textContent = "";
  }

  async #add(button) {
    const { purpose, file, text } = this.form.elements;
    const [chosen] = file.files;
    this.#refuse(null);
    if (!chosen && !text.value.trim()) return this.#refuse(say("missing"));
    if (chosen?.size > limits.bytes) return this.#refuse(say("too_large", { mib: limits.bytes / MIB }));
    const body = new FormData();
    body.append("purpose", purpose.value);
    if (text.value.trim()) body.append("text", text.value);
    if (chosen) body.append("file", chosen, chosen.name);
    const bar = this.#part("progress");
    bar.hidden = false;
    button.disabled = true;
    try {
      const [status, answer] = await post(body, (ratio) => {
        bar.value = ratio;
        this.#part("sent").textContent = say("sent", { percent: percent(ratio) });
      });
      if (status >= 300) return this.#refuse(answer.detail);
      bar.removeAttribute("value"); // how long reading takes is not known
      this.#part("sent").textContent = say("reading");
      await this.#read(answer.id, purpose.value, chosen?.name);
    } catch {
      this.#refuse(say("unreachable"));
    } finally {
      button.disabled = false;
      bar.hidden = true;
      bar.value = 0;
    }
  }

  /** Wait until the server has read a document, then have it chosen. */
  async #read(id, purpose, name) {
    for (;;) {
      const response = await fetch(`${ADDRESS}/${id}`, { headers: { "Accept-Language": language } });
      const document = await response.json();
      if (response.status >= 300) return this.#refuse(document.detail);
      if (document.status === "done") break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    const select = this.form.elements[purpose];
    select.querySelector(`[value="${id}"]`)?.remove();
    select.append(el("option", { value: id }, name ?? say("added")));
    select.value = id;
    this.form.elements.file.value = this.form.elements.text.value = "";
    this.#part("sent").textContent = say("ready");
    this.querySelector("details").open = false;
    select.focus();
  }
}

customElements.define("interview-setup", InterviewSetup);
