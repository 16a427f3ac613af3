// A password that can be looked at: hidden at first, and again when the form is sent, so that no
// browser keeps it among what was typed into text fields.

class PasswordField extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain";
    button.setAttribute("aria-controls", input.id);
    this.append(button);
    const set = (shown) => {
      input.type = shown ? "text" : "password";
      button.textContent = shown ? this.dataset.hide : this.dataset.show;
      button.setAttribute("aria-label", `${button.textContent}: ${input.labels[0].textContent}`);
    };
    button.addEventListener("click", () => set(input.type === "password"));
    input.form.addEventListener("submit", () => set(false));
    set(false);
  }
}

customElements.define("password-field", PasswordField);
