// Draws lanes and their bars on a canvas. Where bars are shorter than pixels, a lane shows how busy it was instead.

const LATIN = '"Segoe UI", system-ui, -apple-system, Roboto, "Noto Sans"';
const CHINESE = `"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", "${FAMILY}"`;
const FONT = `${LATIN}, ${CHINESE}, sans-serif`;
const GROUP_FONT = `600 12px ${FONT}`;
const LANE_FONT = `11.5px ${FONT}`;
const THIN = 2; // pixels: no bar is drawn narrower
const CROWDED = 2.5; // pixels per visible bar below which a lane is crowded, and all lanes of its kind

/** Everything between the axis and the scrubber. `shown` is the state of the timeline: see timeline.js. */
function paintLanes(context, shown) {
  const { layout, scale, paper, width } = shown;
  context.fillStyle = paper.bg;
  context.fillRect(0, 0, width, layout.height);
  paintGround(context, shown);
  const within = (reach, paint) => {
    context.save();
    context.beginPath();
    context.rect(scale.left - reach, 0, scale.right - scale.left + 2 * reach, layout.height);
    context.clip();
    paint();
    context.restore();
  };
  const visible = layout.rows.map((row) => visibleBars(shown, row));
  const room = (scale.right - scale.left) / CROWDED;
  const crowded = new Set(layout.rows.filter((_, at) => visible[at].length > room).map(({ kind }) => kind));
  shown.crowded = crowded.size > 0;
  const paintAll = (lit) =>
    layout.rows.forEach((row, at) => paintBars(context, shown, row, visible[at].filter(lit), crowded.has(row.kind)));
  if (shown.way) {
    within(0, () => {
      paintAll((bar) => !shown.way.bars[bar]);
      paintFuture(context, shown);
      paintAll((bar) => shown.way.bars[bar]); // a chosen way shows its future too
      paintWay(context, shown);
    });
    within(MARK_REACH, () => paintMarks(context, shown));
  } else {
    within(0, () => paintAll(() => true));
    within(MARK_REACH, () => paintMarks(context, shown));
    within(0, () => paintFuture(context, shown));
  }
  within(0, () => {
    paintFaults(context, shown);
    paintMoment(context, shown);
  });
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
    context.font = GROUP_FONT;
    context.fillStyle = paper.ink;
    context.fillText(fitted(context, title, layout.gutter - 8 - TITLE_GAP), 8, top + 9);
  }
  for (const row of layout.rows) {
    const current = focused && row.number === lane;
    context.fillStyle = current ? paper.ink : paper.muted;
    const y = row.top + row.height / 2;
    context.font = row.height < 12 ? `9px ${FONT}` : LANE_FONT;
    context.fillText(fitted(context, row.title, layout.left - layout.gutter - TITLE_GAP), layout.gutter, y);
    if (current) context.fillRect(layout.gutter - 6, row.top + 2, 2, row.height - 4);
  }
}

function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let length = text.length;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > room) length--;
  return `${text.slice(0, length)}…`;
}
