// Shows the timeline in a page of its own: the packet lies in the page, and nobody else listens.

const values = { theme: document.documentElement.dataset.theme || "auto", moment: -1, chosen: "" };
const packet = Uint8Array.from(atob(document.getElementById("packet").textContent.trim()), (letter) => letter.charCodeAt(0));

render({
  el: document.getElementById("timeline"),
  model: {
    get: (name) => (name === "packet" ? packet : values[name]),
    set: (name, value) => (values[name] = value),
    save_changes: () => {},
    on: () => {},
    off: () => {},
  },
});
document.querySelector("canvas.ss-lanes")?.focus({ preventScroll: true });
