// The delay plot: how long each batch waited and took, against the batch interval, in a notebook.

/** Shows the delays of `model` in `el`; its `delays` and `font` are those of `viz.delay_plot`. */
function render({ model, el }) {
  const legend = element("div", { class: "sc-legend" });
  const box = element("div", { class: "sc-box" });
  const root = element("div", { class: "sc-root" }, legend, box);
  el.replaceChildren(root);
  const draw = () => {
    const { times_ms: times, series, level, words } = model.get("delays");
    root.dataset.batches = times.length;
    legend.replaceChildren(...series.map(legendEntry));
    if (!box.clientWidth) return;
    const clock = (ms) => `${Number((ms / 1000).toFixed(2))} s`;
    drawChart(box, { times, series, level, clock, amount: secondsText, label: words.label, height: 180 });
    root.dataset.drawn = Number(root.dataset.drawn ?? 0) + 1;
  };
  let over = false;
  let unwatch = () => {};
  useFont(model.get("font"), () => {
    if (over) return;
    unwatch = whenResized(box, draw);
    model.on("change:delays", draw);
    draw();
  });
  return () => {
    over = true;
    unwatch();
    model.off("change:delays", draw);
  };
}

function legendEntry({ name, colour, marker, dash, hollow }) {
  const line = shape("line", { x1: 0, x2: 26, y1: 7, y2: 7, stroke: colour, "stroke-width": 1.6, "stroke-dasharray": dash });
  const sign = shape("g", { fill: hollow ? "none" : colour, stroke: colour }, markerAt(marker, 13, 7, hollow ? 5 : undefined));
  return element("span", { class: "sc-entry" }, shape("svg", { width: 26, height: 14, "aria-hidden": "true" }, line, sign), name);
}

export default { render };
