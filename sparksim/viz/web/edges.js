// What frames the lanes: the axis with the faults' names above them, the overview of the whole run below.

const AXIS = 22;
const FAULT_ROW = 17;
const FAULT_ROWS = 4;
const OVERVIEW = 38;

/** For each visible fault, the row in which its name covers no other; null where there is no room left. */
function faultRows(context, { run, scale }) {
  context.font = `600 11px ${FONT}`;
  const taken = [];
  return run.head.faults
    .filter(([at]) => at >= scale.from && at <= scale.to)
    .map(([at, label]) => {
      const wide = context.measureText(label).width + 14;
      const x = scale.x(at) + wide <= scale.right ? scale.x(at) : Math.max(scale.left, scale.x(at) - wide);
      let level = taken.findIndex((end) => end <= x);
      if (level < 0) level = taken.length;
      if (level >= FAULT_ROWS) return { at, label, level: null };
      taken[level] = x + wide + 4;
      return { at, label, level, x, wide };
    });
}

function topHeight(faults) {
  return AXIS + FAULT_ROW * (1 + Math.max(-1, ...faults.map(({ level }) => level ?? -1)));
}

/** The axis in seconds, and above it flags with the names of the faults. */
function paintTop(context, shown, faults, height) {
  const { scale, paper, width, moment } = shown;
  context.fillStyle = paper.bg;
  context.fillRect(0, 0, width, height);
  context.textBaseline = "middle";
  for (const { at, label, level, x, wide } of faults) {
    if (level === null) continue;
    const y = level * FAULT_ROW;
    context.fillStyle = paper.ink;
    context.fillRect(Math.round(scale.x(at)), y, 1.2, height - y);
    context.fillRect(x, y + 1, wide, FAULT_ROW - 3);
    context.font = `600 11px ${FONT}`;
    context.textAlign = "left";
    context.fillStyle = paper.bg;
    context.fillText(label, x + 7, y + FAULT_ROW / 2);
  }
  context.font = `11px ${FONT}`;
  context.textAlign = "center";
  context.fillStyle = paper.muted;
  const middle = height - AXIS / 2 - 1;
  for (const at of ticksOf(scale)) {
    const x = scale.x(at);
    if (x > scale.right - 8) continue;
    context.fillText(`${seconds(at)} s`, x, middle);
    context.fillRect(Math.round(x), height - 4, 1, 4);
  }
  paintPointer(context, shown, seconds(moment), height, middle);
}

/** The moment, written on its own flag. */
function paintPointer(context, { scale, paper, moment }, text, height, middle) {
  const x = scale.x(moment);
  if (x < scale.left - 1 || x > scale.right + 1) return;
  context.font = `600 11px ${FONT}`;
  const wide = context.measureText(`${text} s`).width + 10;
  const left = Math.min(Math.max(x - wide / 2, scale.left), scale.right + RIGHT - wide);
  context.fillStyle = paper.accent;
  context.fillRect(left, middle - 8, wide, 15);
  context.beginPath();
  context.moveTo(x - 4, middle + 7);
  context.lineTo(x + 4, middle + 7);
  context.lineTo(x, height);
  context.fill();
  context.fillStyle = paper.bg;
  context.fillText(`${text} s`, left + wide / 2, middle);
}

/** How many batches waited all along the run, its faults, and the visible span in a frame. */
function paintOverview(context, shown) {
  const { run, scale, paper, width, moment } = shown;
  context.fillStyle = paper.bg;
  context.fillRect(0, 0, width, OVERVIEW);
  const whole = scaleOf([0, run.head.end_ms], width, shown.layout);
  context.fillStyle = paper.band;
  context.fillRect(whole.left, 2, whole.right - whole.left, OVERVIEW - 4);
  const depth = depthOf(run, Math.ceil((whole.right - whole.left) / 2));
  const most = Math.max(1.5, ...depth);
  context.fillStyle = paper.crowd;
  depth.forEach((waiting, at) => {
    const tall = (waiting / most) * (OVERVIEW - 10);
    context.fillRect(whole.left + at * 2, OVERVIEW - 2 - tall, 2, tall);
  });
  context.fillStyle = paper.ink;
  for (const [at] of run.head.faults) context.fillRect(whole.x(at), 2, 1.2, OVERVIEW - 4);
  context.fillStyle = paper.accent;
  context.fillRect(whole.x(moment) - 1, 0, 2, OVERVIEW);
  const left = whole.x(scale.from);
  const right = whole.x(scale.to);
  context.strokeStyle = paper.ink;
  context.lineWidth = 1.5;
  context.strokeRect(left + 0.75, 2.75, Math.max(3, right - left - 1.5), OVERVIEW - 5.5);
  context.font = `11px ${FONT}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = paper.muted;
  context.fillText(fitted(context, say(run, "overview"), whole.left - 16), 8, OVERVIEW / 2);
}

/** How many batches were submitted and not done, on average over each of so many equal parts of the run. */
function depthOf(run, parts) {
  if (run.depth?.length === parts) return run.depth;
  const { submission_ms: submitted, over_ms: over, rows } = run.tables.batches;
  const depth = new Float32Array(parts);
  const perPart = run.head.end_ms / parts;
  for (let batch = 0; batch < rows; batch++) {
    const from = submitted[batch] / perPart;
    const to = (Number.isNaN(over[batch]) ? run.head.end_ms : over[batch]) / perPart;
    for (let part = Math.floor(from); part < Math.min(to, parts); part++) {
      depth[part] += Math.min(to, part + 1) - Math.max(from, part);
    }
  }
  run.depth = depth;
  return depth;
}
