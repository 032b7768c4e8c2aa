// <midflow-flow page="https://…/f/…" lang="ar"></midflow-flow>: the page of a flow inside a page of the e-service.
//
// The server renders and this only shows: the part comes as a document of its own, so that nothing of it can run here, and
// stands in a shadow root with the style sheet of the pages. Events: `midflow-shown`, and `midflow-ended` with
// `detail.class`, one of the five classes of outcomes. What it says is for the person; the e-service asks the API.
const base = new URL(".", import.meta.url);
let sheet;

class MidflowFlow extends HTMLElement {
  static observedAttributes = ["page", "lang"];
  #root = this.attachShadow({ mode: "open" });
  #stream;
  #stopClock;

  connectedCallback() {
    this.#load();
  }

  disconnectedCallback() {
    this.#quiet();
  }

  attributeChangedCallback(name, before, after) {
    if (this.isConnected && before !== after) this.#load();
  }

  #quiet() {
    this.#stream?.close();
    this.#stopClock?.();
    this.#stream = this.#stopClock = undefined;
  }

  #load() {
    const page = this.getAttribute("page");
    if (!page) return;
    const address = new URL(`${page.replace(/\/$/, "")}/part`);
    const lang = this.lang || this.closest("[lang]")?.lang;
    if (lang) address.searchParams.set("lang", lang.slice(0, 2));
    // A document, and no text to be parsed here: that would need a Trusted Types policy of the e-service.
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("GET", address);
    const again = () => setTimeout(() => this.isConnected && this.#load(), 3000);
    // What is away for a moment is asked for again; what is not there is not.
    request.addEventListener("load", () => (request.status >= 500 ? again() : this.#show(request.response)));
    request.addEventListener("error", again);
    request.send();
  }

  async #show(answer) {
    const part = answer?.querySelector("[data-part]");
    if (!part) return;
    sheet ??= fetch(new URL("midflow.css", base))
      .then((style) => style.text())
      .then((text) => new CSSStyleSheet().replace(text));
    this.#root.adoptedStyleSheets = [await sheet];
    this.#quiet();
    this.#root.replaceChildren(document.importNode(part, true));
    this.dispatchEvent(new CustomEvent("midflow-shown", { detail: { state: part.dataset.part } }));
    const region = this.#root.querySelector("[data-waiting]");
    if (!region) {
      const detail = { class: part.dataset.class };
      if (part.dataset.part === "ended") this.dispatchEvent(new CustomEvent("midflow-ended", { detail }));
      return;
    }
    this.#stream = new EventSource(region.dataset.waiting);
    this.#stream.addEventListener("ended", () => {
      // Else it would connect again and tell the same, as long as the part can't be fetched.
      this.#stream?.close();
      this.#load();
    });
    if (region.dataset.left) this.#stopClock = countDown(region, () => this.#load());
  }
}

customElements.define("midflow-flow", MidflowFlow);
