// The legend, and canvases of the right size.

const CROWD_FROM = 500; // bars: with fewer no lane is ever crowded

/** A canvas's context, the canvas made as large as it must be on this screen. */
function contextOf(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d", { alpha: false });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Keys of what occurs in this run, and of nothing else. */
function legendOf(run, layout) {
  const { bars, marks } = run.tables;
  const entries = [];
  const swatch = (look, width = 16) => {
    const canvas = h("canvas", { class: "ss-swatch", "aria-hidden": "true" });
    const context = contextOf(canvas, width, 12);
    context.fillStyle = fillOf(context, look);
    context.fillRect(0, 0, width, 12);
    return canvas;
  };
  const entry = (key, ...pictures) => entries.push(h("span", { class: "ss-entry" }, pictures, say(run, key)));
  const styles = new Set(bars.style);
  if (Array.from(styles).some((style) => style >= 0)) {
    entry("legend.batch", run.head.batch_colours.map((colour) => swatch({ colour }, 10)));
  }
  run.head.styles.forEach(([name], at) => {
    if (styles.has(-1 - at)) entry(`style.${name}`, swatch(styleOf(run, -1 - at)));
  });
  if (bars.in_vain.includes(1)) entry("legend.in vain", swatch({ colour: run.head.batch_colours[0], hatch: "stripes" }));
  if (layout.rows.some(({ gaps }) => gaps.length)) entry("legend.absent", h("i", { class: "ss-swatch ss-absent" }));
  for (const kind of new Set(Array.from(marks.kind, (text) => run.strings[text]))) {
    entry(`mark.${kind}`, markPicture(kind));
  }
  if (bars.rows > CROWD_FROM) {
    const crowd = h("i", { class: "ss-swatch ss-crowd" });
    entries.push(h("span", { class: "ss-entry ss-if-crowded" }, crowd, say(run, "legend.crowd")));
  }
  return h("div", { class: "ss-legend" }, entries);
}
