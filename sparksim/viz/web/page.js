// Shows the timeline in a page of its own: packet and font lie in the page, and nobody else listens.

const textIn = (id) => document.getElementById(id).textContent.trim();
const packet = Uint8Array.from(atob(textIn("packet")), (letter) => letter.charCodeAt(0));
const values = { packet, font: textIn("font"), theme: document.documentElement.dataset.theme || "auto", moment: -1, chosen: "" };

useFont(values.font, () => {
  render({
    el: document.getElementById("timeline"),
    model: {
      get: (name) => values[name],
      set: (name, value) => (values[name] = value),
      save_changes: () => {},
      on: () => {},
      off: () => {},
    },
  });
  document.querySelector("canvas.ss-lanes")?.focus({ preventScroll: true });
});
