// Marks: what happened at one moment on a lane. Each kind has a shape of its own, on the lanes and in the legend.

const MARK_REACH = 7; // pixels from the middle of a mark to its edge
const MARK_APART = 3; // pixels: of those of one kind that lie closer, one is drawn
const MARK_SHIFT = 4.5; // pixels up or down, for kinds that come at one moment
const LOSS_COLOUR = "#D55E00";
const CROSS = "M-6-3.5-3.5-6 0-2.5 3.5-6 6-3.5 2.5 0 6 3.5 3.5 6 0 2.5-3.5 6-6 3.5-2.5 0z";
const CROWN = "M-6 5V-4l3 3.5L0-6l3 5.5L6-4V5z";
const DISC = "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z";

/**
 * By kind of mark: its path around (0, 0), and whether it lies above or below the middle of its lane. What lost something
 * has another colour, what went only half way is hollow.
 */
const MARKS = {
  "receiver error": { path: "M-5.5-5h11L0 6z" },
  "source disconnected": { path: "M0-6 5.5 0 0 6-5.5 0z" },
  "records lost": { path: CROSS, loss: true },
  "offsets committed": { path: "M-1-6h2V6h-2z" },
  "offsets reset": { path: "M5.5-5.5v11L-2 0zM-5.5-5.5h2.5v11h-2.5z", level: 1 },
  "group rebalanced": { path: "M-6-5 6 5V-5L-6 5z", level: -1 },
  "leader elected": { path: CROWN, level: -1 },
  "leader elected out of sync": { path: CROWN, level: -1, loss: true, hollow: true },
  "in-sync replicas changed": { path: "M-5-4h10v3H-5zM-5 1h10v3H-5z" },
  "records truncated": { path: "M-6-1.5h7V-6h3V6H1V1.5h-7z", loss: true, level: 1 },
  "records deleted": { path: "M-6-1.5H6v3H-6z" },
  "records skipped": { path: "M-5.5-5.5v11L2 0zM3-5.5h2.5v11H3z", level: 1 },
  "given up, yet in the log": { path: CROSS, hollow: true },
  "rows written": { path: DISC },
  "rows rolled back": { path: `${DISC}M-3-3 3 3`, loss: true, hollow: true },
};

/** Where the middle of a mark is on the lanes. */
function placeOf(run, layout, scale, mark) {
  const { lane, time_ms: time } = run.tables.marks;
  const { top, height } = layout.rows[lane[mark]];
  const { level = 0 } = MARKS[textOf(run, "marks", "kind", mark)];
  return [scale.x(time[mark]), top + height / 2 + level * MARK_SHIFT];
}

/** The mark under a point, of several the nearest; -1 where there is none. */
function markAt(run, layout, scale, x, y) {
  const row = rowAt(layout, y);
  if (!row) return -1;
  const { lane, rows } = run.tables.marks;
  let best = -1;
  let nearest = Infinity;
  for (let mark = 0; mark < rows; mark++) {
    if (lane[mark] !== row.number) continue;
    const [itsX, itsY] = placeOf(run, layout, scale, mark);
    const away = Math.hypot(itsX - x, itsY - y);
    if (Math.abs(itsX - x) <= MARK_REACH && away < nearest) [best, nearest] = [mark, away];
  }
  return best;
}

/** All marks of the visible span. */
function paintMarks(context, { run, layout, scale, paper }) {
  const { lane, time_ms: time } = run.tables.marks;
  const painted = new Map();
  for (let mark = 0; mark < time.length; mark++) {
    if (time[mark] < scale.from || time[mark] > scale.to) continue;
    const kind = textOf(run, "marks", "kind", mark);
    const [x, y] = placeOf(run, layout, scale, mark);
    const key = `${lane[mark]} ${kind}`;
    if (Math.abs(x - painted.get(key)) < MARK_APART) continue;
    painted.set(key, x);
    paintMark(context, MARKS[kind], x, y, paper);
  }
}

/** One mark with its middle at a point. */
function paintMark(context, { path, loss, hollow }, x, y, paper) {
  const colour = loss ? LOSS_COLOUR : paper.ink;
  const shape = new Path2D(path);
  context.save();
  context.translate(x, y);
  context.lineWidth = hollow ? 1.8 : 1;
  context.fillStyle = hollow ? paper.bg : colour;
  context.strokeStyle = hollow ? colour : paper.bg;
  context.fill(shape);
  context.stroke(shape);
  context.restore();
}

/** The mark of a kind as a picture for the legend. */
function markPicture(kind) {
  const { path, loss, hollow } = MARKS[kind];
  const svg = svgOf(path, "-7 -7 14 14");
  svg.setAttribute("class", `ss-mark${loss ? " ss-loss" : ""}${hollow ? " ss-hollow" : ""}`);
  return svg;
}

/** A picture of one path. */
function svgOf(path, viewBox) {
  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    return element;
  };
  const svg = make("svg", { viewBox, "aria-hidden": "true" });
  svg.append(make("path", { d: path }));
  return svg;
}
