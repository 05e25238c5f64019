// Where things lie: lanes from top to bottom, moments from left to right, and what lies under a pointer.

const TITLES = { groups: [104, 160], lanes: [120, 190] }; // pixels: at least and at most, for each column of titles
const TITLE_GAP = 10;
const RIGHT = 14;
const GROUP_GAP = 12;
const REACH = 3; // pixels beside a bar that still count as on it

/** The lanes with their places. The more cores there are, the lower is the lane of each; so it is with the others. */
function layOut(run) {
  const { lanes } = run.head;
  const { lane } = run.tables.bars;
  const cores = lanes.filter(({ kind }) => kind === "core").length;
  const heightFor = (many) => (many > 48 ? 10 : many > 20 ? 15 : 22);
  const rows = [];
  const groups = [];
  let top = 6;
  let bar = 0;
  lanes.forEach((each, number) => {
    if (groups.at(-1)?.title !== each.group) {
      if (groups.length) top += GROUP_GAP;
      groups.push({ title: each.group, top, bottom: top });
    }
    const height = heightFor(each.kind === "core" ? cores : lanes.length - cores);
    const first = bar;
    while (bar < lane.length && lane[bar] === number) bar++;
    const slotHeight = Math.max(3, Math.min(height, each.slots > 1 ? 16 : height, 96 / each.slots));
    const tall = Math.max(height, slotHeight * each.slots);
    rows.push({ ...each, number, top, height: tall, slotHeight: tall / each.slots, first, last: bar });
    top += tall + (height > 12 ? 2 : 1);
    groups.at(-1).bottom = top;
  });
  const gutter = 8 + columnOf(groups, GROUP_FONT, TITLES.groups);
  return { rows, groups, height: top + 6, gutter, left: gutter + columnOf(rows, LANE_FONT, TITLES.lanes) };
}

/** How wide a column is that has room for these titles. */
function columnOf(titled, font, [least, most]) {
  const context = document.createElement("canvas").getContext("2d");
  context.font = font;
  const widths = titled.map(({ title }) => Math.ceil(context.measureText(title).width) + TITLE_GAP);
  return Math.min(most, Math.max(least, ...widths));
}

/** From moments to pixels and back, for the span [from, to] over `width` pixels of canvas, right of the titles. */
function scaleOf([from, to], width, { left }) {
  const inner = Math.max(50, width - left - RIGHT);
  const perMs = inner / (to - from);
  return {
    from, to, perMs, left, right: left + inner,
    x: (ms) => left + (ms - from) * perMs,
    ms: (x) => from + (x - left) / perMs,
  };
}

/** Top and height of a bar's slot in its row; slot 0 is the lowest. */
function slotOf(row, slot) {
  const pad = row.slotHeight > 9 ? 1.5 : row.slotHeight > 5 ? 0.5 : 0;
  return [row.top + row.height - (slot + 1) * row.slotHeight + pad, row.slotHeight - 2 * pad];
}

function rowAt(layout, y) {
  return layout.rows.find((row) => y >= row.top - 1 && y <= row.top + row.height + 1);
}

/** The bar under a point: of those that reach it the one with the nearest middle; -1 where there is none. */
function barAt(run, layout, scale, x, y) {
  const row = rowAt(layout, y);
  if (!row || x < scale.left) return -1;
  const { start_ms: start, end_ms: end, slot } = run.tables.bars;
  const from = scale.ms(x - REACH);
  const to = scale.ms(x + REACH);
  const at = scale.ms(x);
  let best = -1;
  let bestDistance = Infinity;
  for (let bar = row.first; bar < row.last; bar++) {
    if (end[bar] < from || start[bar] > to) continue;
    const [top, height] = slotOf(row, slot[bar]);
    if (y < top - 1 || y > top + height + 1) continue;
    const outside = Math.max(0, start[bar] - at, at - end[bar]);
    const distance = outside * 1e6 + Math.abs((start[bar] + end[bar]) / 2 - at);
    if (distance < bestDistance) [best, bestDistance] = [bar, distance];
  }
  return best;
}

/** Round steps of time so that labels lie at least `apart` pixels from each other. */
function ticksOf(scale, apart = 76) {
  const least = apart / scale.perMs;
  const decade = 10 ** Math.floor(Math.log10(least));
  const step = decade * [1, 2, 5, 10].find((each) => each * decade >= least);
  const ticks = [];
  for (let n = Math.ceil(scale.from / step); n * step <= scale.to; n++) ticks.push(n * step);
  return ticks;
}
