// Draws lanes, bars and marks on a canvas. Where bars are shorter than pixels, a lane shows how busy it was instead.

const FONT = '"Segoe UI", system-ui, -apple-system, Roboto, "Noto Sans", "WenQuanYi Micro Hei", sans-serif';
const THIN = 2; // pixels: no bar is drawn narrower
const CROWDED = 2.5; // pixels per visible bar below which a lane is crowded, and all lanes of its kind
const MARKS = {
  "receiver error": "triangle",
  "source disconnected": "diamond",
  "records lost": "cross",
  "offsets committed": "tick",
  "group rebalanced": "diamond",
  "leader elected": "triangle",
};

/** Everything between the axis and the scrubber. `shown` is the state of the timeline: see timeline.js. */
function paintLanes(context, shown) {
  const { layout, scale, paper, width } = shown;
  context.fillStyle = paper.bg;
  context.fillRect(0, 0, width, layout.height);
  paintGround(context, shown);
  context.save();
  context.beginPath();
  context.rect(scale.left, 0, scale.right - scale.left, layout.height);
  context.clip();
  const visible = layout.rows.map((row) => visibleBars(shown, row));
  const room = (scale.right - scale.left) / CROWDED;
  const crowded = new Set(layout.rows.filter((_, at) => visible[at].length > room).map(({ kind }) => kind));
  shown.crowded = crowded.size > 0;
  const paintAll = (lit) =>
    layout.rows.forEach((row, at) => paintBars(context, shown, row, visible[at].filter(lit), crowded.has(row.kind)));
  if (shown.way) {
    paintAll((bar) => !shown.way.bars[bar]);
    paintFuture(context, shown);
    paintAll((bar) => shown.way.bars[bar]); // a chosen way shows its future too
    paintWay(context, shown);
    for (const row of layout.rows) paintMarks(context, shown, row);
  } else {
    paintAll(() => true);
    for (const row of layout.rows) paintMarks(context, shown, row);
    paintFuture(context, shown);
  }
  paintFaults(context, shown);
  paintMoment(context, shown);
  context.restore();
  paintTitles(context, shown);
}

/** Bands behind the groups, lines at batch times, and where something did not exist. */
function paintGround(context, { run, layout, scale, paper }) {
  for (const { top, bottom } of layout.groups) {
    context.fillStyle = paper.band;
    context.fillRect(scale.left, top - 3, scale.right - scale.left, bottom - top + 4);
  }
  const { batch_ms: interval, first_batch_ms: first } = run.head;
  const step = interval * Math.max(1, Math.ceil(14 / (interval * scale.perMs)));
  context.fillStyle = paper.line;
  if (interval) {
    for (let at = first + Math.max(0, Math.ceil((scale.from - first) / step)) * step; at <= scale.to; at += step) {
      for (const { top, bottom } of layout.groups) {
        context.fillRect(Math.round(scale.x(at)), top - 3, 1, bottom - top + 4);
      }
    }
  }
  for (const row of layout.rows) {
    for (const [from, to] of row.gaps) {
      const x = Math.max(scale.left, scale.x(from));
      const right = Math.min(scale.right, scale.x(to));
      if (right <= x) continue;
      context.fillStyle = fillOf(context, { colour: paper.band, hatch: "stripes" }, paper.absent);
      context.fillRect(x, row.top, right - x, row.height);
    }
  }
}

function visibleBars({ run, scale }, row) {
  const { start_ms: start, end_ms: end } = run.tables.bars;
  const visible = [];
  for (let bar = row.first; bar < row.last; bar++) {
    if (end[bar] >= scale.from && start[bar] <= scale.to) visible.push(bar);
  }
  return visible;
}

function paintBars(context, shown, row, visible, crowded) {
  const { run, scale, way, paper, width } = shown;
  const { start_ms: start, end_ms: end, style, in_vain: inVain, slot } = run.tables.bars;
  const crowd = crowded ? new Crowd(row, scale, width) : null;
  const failure = styleNamed(run, "failed");
  const groups = new Map();
  for (const bar of visible) {
    const dim = way && !way.bars[bar];
    if (crowd && (dim || !way) && crowd.takes(start[bar], end[bar], slot[bar], dim ? DIM : style[bar], failure)) continue;
    const key = dim ? "dim" : style[bar] * 2 + inVain[bar];
    if (groups.has(key)) groups.get(key).push(bar);
    else groups.set(key, [bar]);
  }
  crowd?.paint(context, run, paper);
  const order = [...groups].sort(([a], [b]) => (a === "dim" ? -1 : b === "dim" ? 1 : b - a)); // failures lie on top
  for (const [key, bars] of order) {
    const look = key === "dim" ? { colour: paper.dim } : styleOf(run, style[bars[0]], inVain[bars[0]]);
    context.fillStyle = fillOf(context, look);
    for (const bar of bars) {
      const [x, wide] = extentOf(scale, start[bar], end[bar]);
      const [top, height] = slotOf(row, slot[bar]);
      context.fillRect(x, top, wide, height);
      if (look.name === "failed" && height > 4) context.fillRect(x, top, Math.max(wide, THIN + 1), height);
    }
    if (key !== "dim") paintLabels(context, shown, row, bars, look);
  }
}

/** Left edge and width in pixels: a hair of ground parts neighbours. */
function extentOf(scale, start, end) {
  const x = Math.max(scale.x(start), scale.left - 20);
  const right = Math.min(scale.x(end), scale.right + 20);
  const wide = right - x;
  return [x, wide > 4 ? wide - 1 : Math.max(wide, THIN)];
}

function paintLabels(context, { run, scale }, row, bars, look) {
  if (row.slotHeight < 12) return;
  context.font = `600 10px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const { start_ms: start, end_ms: end, slot } = run.tables.bars;
  for (const bar of bars) {
    const label = textOf(run, "bars", "label", bar);
    if (!label) continue;
    const left = Math.max(scale.x(start[bar]), scale.left);
    const right = Math.min(scale.x(end[bar]), scale.right);
    if (right - left < label.length * 5 + 6) continue;
    const wide = context.measureText(label).width + 6;
    if (right - left < wide) continue;
    const [top, height] = slotOf(row, slot[bar]);
    const middle = (left + right) / 2;
    if (look.hatch) {
      context.fillStyle = look.colour;
      context.fillRect(middle - wide / 2, top, wide, height);
    }
    context.fillStyle = look.text;
    context.fillText(label, middle, top + height / 2 + 0.5);
  }
}

/** Outlines along the chosen way, and lines from each step to the next where they are few enough to follow. */
function paintWay(context, shown) {
  const { run, layout, scale, way, paper } = shown;
  const { start_ms: start, end_ms: end, lane, slot } = run.tables.bars;
  const box = (bar) => {
    const [top, height] = slotOf(layout.rows[lane[bar]], slot[bar]);
    return [...extentOf(scale, start[bar], end[bar]), top, height];
  };
  context.strokeStyle = paper.ink;
  context.lineWidth = 1;
  context.beginPath();
  for (const [from, to] of way.links) {
    const [x, wide, top, height] = box(from);
    const [nextX, , nextTop] = box(to);
    const right = x + wide;
    const down = top + height;
    context.moveTo(right - Math.min(3, wide / 2), down);
    context.bezierCurveTo(right, (down + nextTop) / 2, nextX, (down + nextTop) / 2, nextX + 1, nextTop);
  }
  context.stroke();
  context.lineWidth = 2;
  for (const bar of way.chosen) {
    const [x, wide, top, height] = box(bar);
    context.strokeRect(x - 1, top - 1, wide + 2, height + 2);
  }
}

function paintMarks(context, { run, scale, paper }, row) {
  const { lane, time_ms: time } = run.tables.marks;
  for (let mark = 0; mark < time.length; mark++) {
    if (lane[mark] !== row.number || time[mark] < scale.from || time[mark] > scale.to) continue;
    const kind = textOf(run, "marks", "kind", mark);
    paintMark(context, MARKS[kind], scale.x(time[mark]), row.top + row.height / 2, paper);
  }
}

/** One mark with its middle at a point; each kind has its own shape. */
function paintMark(context, shape, x, y, paper) {
  context.lineWidth = 1;
  context.strokeStyle = paper.bg;
  context.fillStyle = shape === "cross" ? "#D55E00" : paper.ink;
  context.beginPath();
  if (shape === "tick") context.rect(x - 1, y - 6, 2, 12);
  else {
    const corners = {
      triangle: [[-5.5, -5], [5.5, -5], [0, 6]],
      diamond: [[0, -6], [5.5, 0], [0, 6], [-5.5, 0]],
      cross: [
        [-6, -3.5], [-3.5, -6], [0, -2.5], [3.5, -6], [6, -3.5], [2.5, 0],
        [6, 3.5], [3.5, 6], [0, 2.5], [-3.5, 6], [-6, 3.5], [-2.5, 0],
      ],
    }[shape];
    corners.forEach(([dx, dy], at) => (at ? context.lineTo(x + dx, y + dy) : context.moveTo(x + dx, y + dy)));
    context.closePath();
  }
  context.fill();
  context.stroke();
}

/** What has not happened yet at the moment is veiled. */
function paintFuture(context, { layout, scale, paper, moment }) {
  const x = Math.max(scale.left, scale.x(moment));
  if (x >= scale.right) return;
  context.globalAlpha = 0.62;
  context.fillStyle = paper.bg;
  context.fillRect(x, 0, scale.right - x, layout.height);
  context.globalAlpha = 1;
}

function paintFaults(context, { run, layout, scale, paper }) {
  context.strokeStyle = paper.ink;
  context.lineWidth = 1.2;
  context.setLineDash([4, 3]);
  context.beginPath();
  for (const [at] of run.head.faults) {
    const x = Math.round(scale.x(at)) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, layout.height);
  }
  context.stroke();
  context.setLineDash([]);
}

function paintMoment(context, { layout, scale, paper, moment }) {
  context.fillStyle = paper.accent;
  context.fillRect(scale.x(moment) - 1, 0, 2, layout.height);
}

function paintTitles(context, { layout, paper, focused, lane }) {
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (const { title, top } of layout.groups) {
    context.font = `600 12px ${FONT}`;
    context.fillStyle = paper.ink;
    context.fillText(fitted(context, title, GUTTER.group - 10), 8, top + 9);
  }
  for (const row of layout.rows) {
    const current = focused && row.number === lane;
    context.fillStyle = current ? paper.ink : paper.muted;
    const y = row.top + row.height / 2;
    context.font = `${row.height < 12 ? 9 : 11.5}px ${FONT}`;
    context.fillText(fitted(context, row.title, GUTTER.lane - 12), GUTTER.group, y);
    if (current) context.fillRect(GUTTER.group - 6, row.top + 2, 2, row.height - 4);
  }
}

function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let length = text.length;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > room) length--;
  return `${text.slice(0, length)}…`;
}
