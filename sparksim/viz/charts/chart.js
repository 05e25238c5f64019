// One chart as SVG: curves over time, a level that they are held against, and beside them how often which value came.

const NS = "http://www.w3.org/2000/svg";
const MARGIN = { left: 52, right: 10, top: 8, bottom: 22 };
const HOLLOW = 6.5; // so large is a hollow marker: it is seen around a filled one in the same place
const MOST_MARKERS = 120; // more points than this are a line without markers

/** An element of HTML with attributes and children. */
function element(name, attributes = {}, ...children) {
  return withAttributes(document.createElement(name), attributes, children);
}

/** An element of SVG with attributes and children. */
function shape(name, attributes = {}, ...children) {
  return withAttributes(document.createElementNS(NS, name), attributes, children);
}

function withAttributes(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Round numbers that part the span [0, top] into a few pieces. */
function ticksTo(top, most = 4) {
  const raw = top / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= raw);
  const ticks = [];
  for (let tick = 0; tick <= top * 1.0001; tick += step) ticks.push(Number(tick.toPrecision(10)));
  return ticks;
}

function markerAt(kind, x, y, size = 3.2) {
  const at = (points) => points.map(([dx, dy]) => `${(x + dx * size).toFixed(1)},${(y + dy * size).toFixed(1)}`).join(" ");
  if (kind === "circle") return shape("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: size });
  if (kind === "square") return shape("polygon", { points: at([[-1, -1], [1, -1], [1, 1], [-1, 1]]) });
  if (kind === "diamond") return shape("polygon", { points: at([[0, -1.4], [1.4, 0], [0, 1.4], [-1.4, 0]]) });
  return shape("polygon", { points: at([[0, -1.3], [1.3, 1], [-1.3, 1]]) });
}

/** The parts of a curve: a batch without a value makes a gap. */
function partsOf(values) {
  const parts = [[]];
  values.forEach((value, at) => {
    if (value === null) parts.push([]);
    else parts.at(-1).push(at);
  });
  return parts.filter((part) => part.length);
}

/**
 * Draws into `box`: `times` (ms), `series` ({name, colour, marker, dash, values}), `level` ({value, name}) or null,
 * `clock` (ms to text), `amount` (value to text), `label` for who cannot see it, `height` in pixels, `top` for charts
 * that share their scale.
 */
function drawChart(box, { times, series, level, clock, amount, label, height = 130, top }) {
  const width = Math.max(160, Math.floor(box.clientWidth));
  const known = series.flatMap((each) => each.values.filter((value) => value !== null));
  const most = (top ?? (Math.max(...known, level?.value ?? 0) || 1)) * 1.08;
  const first = times[0] ?? 0;
  const last = Math.max(times.at(-1) ?? 1, first + 1);
  const right = width - MARGIN.right;
  const bottom = height - MARGIN.bottom;
  const x = (ms) => (times.length < 2 ? (MARGIN.left + right) / 2 : MARGIN.left + ((ms - first) / (last - first)) * (right - MARGIN.left));
  const y = (value) => bottom - (value / most) * (bottom - MARGIN.top);
  const svg = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "sc-chart" });
  for (const tick of ticksTo(most)) {
    svg.append(shape("line", { x1: MARGIN.left, x2: right, y1: y(tick), y2: y(tick), class: "sc-grid" }));
    svg.append(shape("text", { x: MARGIN.left - 6, y: y(tick) + 4, "text-anchor": "end" }, amount(tick)));
  }
  const shown = times.length ? [first, ...(times.length > 1 ? [times.at(-1)] : [])] : [];
  if (width > 420 && times.length > 4) shown.splice(1, 0, times[Math.floor(times.length / 2)]);
  for (const [at, ms] of shown.entries()) {
    const anchor = shown.length === 1 ? "middle" : at === 0 ? "start" : at === shown.length - 1 ? "end" : "middle";
    svg.append(shape("text", { x: x(ms), y: height - 6, "text-anchor": anchor }, clock(ms)));
  }
  if (level) {
    svg.append(shape("line", { x1: MARGIN.left, x2: right, y1: y(level.value), y2: y(level.value), class: "sc-level" }));
    svg.append(shape("text", { x: right - 2, y: y(level.value) - 4, "text-anchor": "end", class: "sc-level-name" }, level.name));
  }
  for (const each of series) svg.append(curveOf(each, times, x, y));
  const pointer = shape("line", { y1: MARGIN.top, y2: bottom, class: "sc-pointer", visibility: "hidden" });
  const tip = element("div", { class: "sc-tip", hidden: "" });
  svg.append(pointer);
  svg.addEventListener("pointermove", (event) => {
    if (!times.length) return;
    const from = event.clientX - svg.getBoundingClientRect().left;
    const at = times.reduce((best, ms, here) => (Math.abs(x(ms) - from) < Math.abs(x(times[best]) - from) ? here : best), 0);
    for (const end of ["x1", "x2"]) pointer.setAttribute(end, x(times[at]));
    pointer.setAttribute("visibility", "visible");
    const lines = series.map((each) => `${each.name}: ${each.values[at] === null ? "–" : amount(each.values[at])}`);
    tip.textContent = [clock(times[at]), ...lines].join("\n");
    tip.hidden = false;
    tip.style.left = `${Math.min(x(times[at]) + 10, width - tip.offsetWidth)}px`;
  });
  svg.addEventListener("pointerleave", () => {
    tip.hidden = true;
    pointer.setAttribute("visibility", "hidden");
  });
  box.replaceChildren(svg, tip);
  return most;
}

function curveOf({ colour, marker, dash, values, hollow }, times, x, y) {
  const group = shape("g", { stroke: colour, fill: "none" });
  for (const part of partsOf(values)) {
    const points = part.map((at) => `${x(times[at]).toFixed(1)},${y(values[at]).toFixed(1)}`).join(" ");
    group.append(shape("polyline", { points, "stroke-width": 1.6, "stroke-dasharray": dash }));
    if (times.length > MOST_MARKERS && part.length > 1) continue;
    const markers = shape("g", { fill: hollow ? "none" : colour });
    for (const at of part) markers.append(markerAt(marker, x(times[at]), y(values[at]), hollow ? HOLLOW : undefined));
    group.append(markers);
  }
  return group;
}

/** Draws how many batches had which value, as bars that share the chart's scale up to `top`. */
function drawHistogram(box, { edges, counts, colour, top, label, height = 130 }) {
  const width = Math.max(80, Math.floor(box.clientWidth));
  const bottom = height - MARGIN.bottom;
  const most = Math.max(...counts, 1);
  const y = (value) => bottom - (value / top) * (bottom - MARGIN.top);
  const svg = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "sc-chart" });
  const labelled = []; // the numbers of long bars first: those that would cover them are left out
  const order = [...counts.keys()].filter((at) => counts[at]).sort((one, other) => counts[other] - counts[one] || one - other);
  for (const at of order) {
    const count = counts[at];
    const [low, high] = [y(edges[at]), y(edges[at + 1])];
    const long = (count / most) * (width - 40);
    const tall = Math.max(2, low - high - 1);
    svg.append(shape("rect", { x: 1, y: Math.min(high, bottom - tall), width: long, height: tall, fill: colour }));
    const middle = (low + high) / 2;
    if (labelled.some((each) => Math.abs(each - middle) < 9)) continue;
    svg.append(shape("text", { x: long + 5, y: middle + 4 }, String(count)));
    labelled.push(middle);
  }
  svg.append(shape("line", { x1: 1, x2: 1, y1: MARGIN.top, y2: bottom, class: "sc-axis" }));
  box.replaceChildren(svg);
}

/** Draws again whenever the width of `box` has changed; gives a function that ends it. */
function whenResized(box, draw) {
  let width = -1;
  const observer = new ResizeObserver(() => {
    if (box.clientWidth === width || !box.clientWidth) return;
    width = box.clientWidth;
    draw();
  });
  observer.observe(box);
  return () => observer.disconnect();
}

/** Seconds for people: more digits for short times. */
function secondsText(seconds) {
  if (seconds === 0) return "0 s";
  return seconds < 1 ? `${Number((seconds * 1000).toPrecision(3))} ms` : `${Number(seconds.toPrecision(3))} s`;
}
