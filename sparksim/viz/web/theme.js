// Colours. Fills are the Okabe-Ito palette and opaque; what failed is striped and what was killed dotted besides.

const DARK_FILLS = new Set(["#0072B2", "#009E73", "#D55E00"]);
const PAPER = ["bg", "ink", "muted", "line", "band", "absent", "dim", "crowd", "accent"];

/** Light or dark: as asked, else as the notebook is, else as the system is. */
function themeOf(asked) {
  if (asked === "light" || asked === "dark") return asked;
  const { body } = document;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false" ? "dark" : "light";
  if (body.classList.contains("vscode-dark")) return "dark";
  if (body.classList.contains("vscode-light")) return "light";
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Calls back when the notebook or the system changes between light and dark; gives a function that ends it. */
function watchTheme(changed) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const notebook = new MutationObserver(changed);
  system.addEventListener("change", changed);
  notebook.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  return () => {
    system.removeEventListener("change", changed);
    notebook.disconnect();
  };
}

/** The colours that depend on light and dark, from the style sheet. */
function paperOf(root) {
  const style = getComputedStyle(root);
  return Object.fromEntries(PAPER.map((name) => [name, style.getPropertyValue(`--ss-${name}`).trim()]));
}

/** Colour, kind of hatch and colour of text of a bar's style: a batch's number, or -1 - the place of another style. */
function styleOf(run, style, inVain = false) {
  if (style >= 0) {
    const colours = run.head.batch_colours;
    const colour = colours[style % colours.length];
    return { colour, hatch: inVain ? "stripes" : "", text: DARK_FILLS.has(colour) ? "#fff" : run.head.ink };
  }
  const [name, colour, hatched] = run.head.styles[-1 - style];
  const hatch = hatched ? (name === "killed" ? "dots" : "stripes") : inVain ? "stripes" : "";
  return { name, colour, hatch, text: DARK_FILLS.has(colour) ? "#fff" : run.head.ink };
}

const patterns = new Map();

/** What to fill a canvas with: the colour, or an opaque pattern of it. */
function fillOf(context, { colour, hatch }, hatchColour = "#fff") {
  if (!hatch) return colour;
  const key = `${colour} ${hatch} ${hatchColour}`;
  if (!patterns.has(key)) patterns.set(key, tileOf(colour, hatch, hatchColour));
  return context.createPattern(patterns.get(key), "repeat");
}

function tileOf(colour, hatch, hatchColour) {
  const tile = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
  const context = tile.getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 8, 8);
  context.fillStyle = context.strokeStyle = hatchColour;
  if (hatch === "dots") {
    for (const [x, y] of [[1, 1], [5, 5]]) context.fillRect(x, y, 2, 2);
    return tile;
  }
  context.lineWidth = 1.8;
  context.beginPath();
  for (const shift of [-8, 0, 8]) {
    context.moveTo(shift - 1, 9);
    context.lineTo(shift + 9, -1);
  }
  context.stroke();
  return tile;
}
