// The timeline of a streaming query: step from trigger to trigger, and see the input table, the states and the result.

const GONE = new Set(["removed", "expired"]);
const SIGNS = { created: "+", updated: "↑", removed: "−", expired: "×", "": "" };
const PLAY_MS = 1200;
const MOST_ROWS = 200; // rows of a table that are shown; the others are counted

class QueryTimeline {
  constructor(root, { onTrigger }) {
    this.root = root;
    this.onTrigger = onTrigger;
    this.at = 0;
    this.title = element("h1");
    this.died = element("p", { class: "sc-gone", hidden: "" });
    this.buttons = ["first", "previous", "play", "next", "final"].map((action) => this.button(action));
    this.slider = element("input", { type: "range", min: 0, step: 1, class: "sq-slider" });
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.readout = element("b", { class: "sq-readout", "aria-live": "polite" });
    this.facts = element("p", { class: "sq-facts" });
    this.chart = element("div", { class: "sc-box sq-chart" });
    this.legend = element("div", { class: "sc-legend" });
    this.tables = Object.fromEntries(["input", "state", "result"].map((name) => [name, element("section", { "data-table": name })]));
    const bar = element("div", { class: "sq-bar" }, ...this.buttons, this.slider, this.readout);
    const tables = element("div", { class: "sq-tables" }, ...Object.values(this.tables));
    root.replaceChildren(this.title, this.died, bar, this.facts, this.chart, this.legend, tables);
    root.addEventListener("keydown", (event) => this.key(event));
    this.unwatch = whenResized(this.chart, () => this.view && this.draw());
  }

  destroy() {
    clearInterval(this.playing);
    this.unwatch();
  }

  show(view, at = -1) {
    this.view = view;
    this.say = (key, values = {}) => view.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
    this.root.lang = view.lang === "zh" ? "zh-Hans" : view.lang;
    this.title.textContent = view.title;
    this.died.hidden = !view.died;
    this.died.textContent = view.died;
    this.slider.max = view.steps.length - 1;
    this.slider.setAttribute("aria-label", this.say("trigger"));
    for (const button of this.buttons) {
      button.title = this.say(button.dataset.action);
      button.setAttribute("aria-label", button.title);
    }
    this.legend.replaceChildren(...legendOf(view));
    this.root.dataset.triggers = view.steps.length;
    this.go(at < 0 ? view.steps.length - 1 : at);
  }

  button(action) {
    const icons = { first: "|◀", previous: "◀", play: "▷", next: "▶", final: "▶|" };
    const made = element("button", { type: "button", "data-action": action }, icons[action]);
    const moves = { first: () => this.go(0), previous: () => this.go(this.at - 1), next: () => this.go(this.at + 1), final: () => this.go(Infinity), play: () => this.play() };
    made.addEventListener("click", moves[action]);
    return made;
  }

  key(event) {
    if (event.target === this.slider) return;
    const steps = { ArrowLeft: this.at - 1, ArrowRight: this.at + 1, Home: 0, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.go(steps[event.key]);
  }

  /** From trigger to trigger until the last; from the first if the last is shown. Or stop. */
  play() {
    const was = this.playing;
    clearInterval(this.playing);
    this.playing = undefined;
    if (was === undefined) {
      if (this.at === this.view.steps.length - 1) this.go(0);
      this.playing = setInterval(() => {
        this.go(this.at + 1);
        if (this.at === this.view.steps.length - 1) this.play();
      }, PLAY_MS);
    }
    this.root.dataset.playing = Number(this.playing !== undefined);
  }

  go(at) {
    this.at = Math.max(0, Math.min(at, this.view.steps.length - 1));
    this.slider.value = this.at;
    const step = this.view.steps[this.at];
    const place = this.say("step", { number: this.at + 1, count: this.view.steps.length });
    this.readout.textContent = [this.say("batch", { number: step.batch }), place, ...step.notes].join(" · ");
    this.showFacts(step);
    this.draw();
    this.showInput();
    this.showStates();
    this.showResult(step);
    this.root.dataset.trigger = this.at;
    this.onTrigger(this.at);
  }

  showFacts(step) {
    const number = (value) => (value === null ? "–" : value.toLocaleString("en"));
    const counts = this.say("facts", { read: number(step.read), late: number(step.late), written: number(step.written), states: number(step.states) });
    const sides = step.buffers.map(([side, count]) => `${this.say(side)} ${number(count)}`);
    this.facts.replaceChildren([counts, ...sides].join(" · "), element("span", { class: "sq-watermark" }, step.moved));
  }

  draw() {
    if (this.chart.clientWidth) drawTriggers(this.chart, this.view, this.at, (at) => this.go(at));
  }

  // --- tables -------------------------------------------------------------------------------------------------------

  showInput() {
    const rows = this.view.steps.slice(0, this.at + 1).flatMap((step, at) => (step.abandoned && at < this.at ? [] : step.entries.map((entry) => [at, entry])));
    const now = this.view.steps[this.at];
    const heads = Object.values(Object.assign({}, ...this.view.steps.map((step) => step.columns)));
    const several = heads.length > 1;
    const late = rows.some(([, [, , , why]]) => why);
    const shown = rows.slice(-MOST_ROWS).reverse();
    const lines = shown.map(([at, [source, , cells, why]]) => {
      const parts = [String(this.view.steps[at].batch), ...(several ? [String(source), cells.join(", ")] : cells), ...(late ? [why] : [])];
      const state = why ? "late" : at === this.at ? "new" : "old";
      return { cells: parts, state };
    });
    const columns = [this.say("batch", { number: "" }).trim(), ...(several ? [this.say("source", { number: "" }).trim(), this.say("rows")] : (heads[0] ?? [])), ...(late ? [this.say("why column")] : [])];
    const notes = [];
    if (now.unshown > 0) notes.push(this.say("more", { count: now.unshown.toLocaleString("en") }));
    if (rows.length > shown.length) notes.push(this.say("earlier", { count: (rows.length - shown.length).toLocaleString("en") }));
    fillRows(this.tables.input, this.say("input so far"), columns, lines, notes);
  }

  showStates() {
    const alive = statesAfter(this.view.steps, this.at);
    const lines = [...alive].sort(([one], [other]) => one - other).map(([line, { value, change }]) => ({
      cells: [this.view.lines[line], value, change ? `${SIGNS[change]} ${this.say(change)}` : ""],
      state: change ? (GONE.has(change) ? "gone" : "new") : "old",
    }));
    const columns = ["key", "value", "change"].map((name) => this.say(name));
    const notes = [];
    if (lines.length > MOST_ROWS) notes.push(this.say("more", { count: (lines.length - MOST_ROWS).toLocaleString("en") }));
    if (this.view.untold) notes.push(this.say("untold", { count: this.view.untold.toLocaleString("en") }));
    this.tables.state.hidden = !this.view.lines.length;
    fillRows(this.tables.state, this.say("state table"), columns, lines.slice(0, MOST_ROWS), notes);
  }

  showResult(step) {
    const lines = step.result.slice(0, MOST_ROWS).map((cells) => ({ cells, state: "new" }));
    const more = (step.written ?? 0) - lines.length;
    const notes = more > 0 ? [this.say("more", { count: more.toLocaleString("en") })] : lines.length ? [] : [this.say("none")];
    fillRows(this.tables.result, this.say("result now"), step.heads, lines, notes);
  }
}

/** What each state is after a trigger, by its line; those that went in it are still there, as gone. */
function statesAfter(steps, last) {
  const alive = new Map();
  for (const [at, { changes, abandoned }] of steps.slice(0, last + 1).entries()) {
    if (abandoned && at < last) continue;
    for (const [line, change, value] of changes) {
      if (GONE.has(change) && at < last) alive.delete(line);
      else alive.set(line, { value: GONE.has(change) ? (alive.get(line)?.value ?? "") : value, change: at === last ? change : "" });
    }
  }
  return alive;
}

function fillRows(section, title, columns, lines, notes) {
  const head = element("tr", {}, ...columns.map((name) => element("th", {}, name)));
  const body = lines.map(({ cells, state }) => element("tr", { "data-state": state }, ...cells.map((cell) => element("td", {}, cell))));
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  const said = notes.map((note) => element("p", { class: "sc-soft" }, note));
  section.replaceChildren(element("h2", {}, title), ...(lines.length ? [element("div", { class: "sc-scroller" }, table)] : []), ...said);
}

// --- the chart --------------------------------------------------------------------------------------------------------

/** All triggers side by side, each row at its event time; without times, how many rows each read. A click goes there. */
function drawTriggers(box, view, now, go) {
  const width = Math.max(240, Math.floor(box.clientWidth));
  const height = view.times ? 250 : 90;
  const { steps } = view;
  const wide = (width - MARGIN.left - MARGIN.right) / steps.length;
  const bottom = height - MARGIN.bottom;
  const left = (at) => MARGIN.left + at * wide;
  const svg = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": view.words[view.times ? "times" : "counts"], class: "sc-chart" });
  svg.append(shape("rect", { x: left(now), y: MARGIN.top, width: wide, height: bottom - MARGIN.top, class: "sq-now" }));
  if (view.times) drawTimes(svg, view, now, { left, wide, bottom, width });
  else drawReads(svg, view, { left, wide, bottom, width });
  const apart = Math.ceil(34 / wide);
  steps.forEach(({ batch }, at) => {
    if (at % apart === 0 || at === now) svg.append(shape("text", { x: left(at) + wide / 2, y: height - 6, "text-anchor": "middle", class: at === now ? "sq-name-now" : at % apart || Math.abs(at - now) >= apart ? undefined : "sq-hidden" }, String(batch)));
  });
  svg.addEventListener("click", (event) => {
    const at = Math.floor((event.clientX - svg.getBoundingClientRect().left - MARGIN.left) / wide);
    if (at >= 0 && at < steps.length) go(at);
  });
  box.replaceChildren(svg);
}

function drawTimes(svg, { times, steps, sources }, now, { left, wide, bottom, width }) {
  const [low, high] = times.span;
  const y = (ms) => bottom - ((ms - low) / (high - low)) * (bottom - MARGIN.top);
  for (const [ms, text] of times.ticks) {
    svg.append(shape("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(ms), y2: y(ms), class: "sc-grid" }));
    svg.append(shape("text", { x: MARGIN.left - 6, y: y(ms) + 4, "text-anchor": "end" }, text));
  }
  for (const [start, end, first, last] of times.windows) {
    if (first > now) continue;
    const until = Math.min(last === null ? now + 1 : last, now + 1);
    svg.append(shape("rect", { x: left(first) + 1, y: y(end), width: Math.max(2, (until - first) * wide - 2), height: y(start) - y(end), class: last !== null && last <= now ? "sq-window sq-over" : "sq-window" }));
  }
  const level = (values) => values.map(([at, ms]) => `${left(at).toFixed(1)},${y(ms).toFixed(1)} ${left(at + 1).toFixed(1)},${y(ms).toFixed(1)}`).join(" ");
  const passed = steps.slice(0, now + 1);
  const owns = Math.max(...steps.map(({ own }) => own.length));
  for (let which = 0; which < owns; which += 1) {
    const values = passed.map(({ own }) => own[which] ?? null);
    for (const part of partsOf(values)) svg.append(shape("polyline", { points: level(part.map((at) => [at, values[at]])), class: "sq-own" }));
  }
  svg.append(shape("polyline", { points: level(passed.map(({ watermark }, at) => [at, watermark]).filter(([, ms]) => ms !== null)), class: "sq-level" }));
  passed.forEach(({ entries }, at) => {
    for (const [source, ms, cells, why] of entries) {
      if (ms === null) continue;
      const [kind, colour] = sources[source % sources.length];
      const size = wide < 12 ? 2 : 3.6;
      const mark = shape("g", { fill: colour, class: at === now ? "sq-new" : "sq-old" });
      if (why) mark.append(shape("path", { d: crossAt(left(at) + wide / 2, y(ms), size + 1), class: "sq-late" }));
      else mark.append(markerAt(kind, left(at) + wide / 2, y(ms), size));
      mark.append(shape("title", {}, [cells.join(", "), why].filter(Boolean).join(" – ")));
      svg.append(mark);
    }
  });
}

/** What the chart's signs mean, those that occur. */
function legendOf({ times, steps, sources, words }) {
  if (!times) return [];
  const entry = (text, ...shapes) => element("span", { class: "sc-entry" }, shape("svg", { width: 22, height: 14, "aria-hidden": "true" }, ...shapes), text);
  const line = (kind) => shape("polyline", { points: "0,7 22,7", class: kind });
  const seen = [...new Set(steps.flatMap(({ entries }) => entries.map(([source]) => source)))].sort((one, other) => one - other);
  const rows = seen.map((source) => {
    const [kind, colour] = sources[source % sources.length];
    const own = seen.length > 1 ? `: ${words.source.replace("{number}", source)}` : "";
    return entry(`${words.row}${own}`, shape("g", { fill: colour }, markerAt(kind, 11, 7, 3.6)));
  });
  return [
    ...rows,
    ...(steps.some(({ late }) => late) ? [entry(words["late why"], shape("path", { d: crossAt(11, 7, 4.6), class: "sq-late" }))] : []),
    ...(steps.some(({ watermark }) => watermark !== null) ? [entry(words.watermark, line("sq-level"))] : []),
    ...(steps.some(({ own }) => own.length) ? [entry(words.own, line("sq-own"))] : []),
    ...(times.windows.length ? [entry(words.window, shape("rect", { x: 1, y: 2, width: 20, height: 10, class: "sq-window" }))] : []),
  ];
}

function drawReads(svg, { steps }, { left, wide, bottom, width }) {
  const most = Math.max(1, ...steps.map(({ read }) => read));
  svg.append(shape("text", { x: MARGIN.left - 6, y: MARGIN.top + 8, "text-anchor": "end" }, most.toLocaleString("en")));
  svg.append(shape("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: bottom, y2: bottom, class: "sc-axis" }));
  steps.forEach(({ read }, at) => {
    const tall = (read / most) * (bottom - MARGIN.top);
    svg.append(shape("rect", { x: left(at) + wide * 0.15, y: bottom - tall, width: wide * 0.7, height: tall, class: "sq-read" }));
  });
}

function crossAt(x, y, size) {
  return `M${x - size},${y - size}L${x + size},${y + size}M${x - size},${y + size}L${x + size},${y - size}`;
}

/** What anywidget calls: shows the `view` of `model` in `el`; it has `font`, `theme` and `trigger` too. */
function render({ model, el }) {
  const root = element("div", { class: "sc-root sc-page sq-root", tabindex: 0, "data-theme": model.get("theme") });
  el.replaceChildren(root);
  const timeline = new QueryTimeline(root, {
    onTrigger: (at) => {
      if (model.get("trigger") === at) return;
      model.set("trigger", at);
      model.save_changes();
    },
  });
  const follow = {
    view: () => timeline.show(model.get("view")),
    trigger: () => timeline.view && model.get("trigger") !== timeline.at && model.get("trigger") >= 0 && timeline.go(model.get("trigger")),
    theme: () => (root.dataset.theme = model.get("theme")),
  };
  let over = false;
  useFont(model.get("font"), () => {
    if (over) return;
    timeline.show(model.get("view"), model.get("trigger"));
    for (const [name, followed] of Object.entries(follow)) model.on(`change:${name}`, followed);
  });
  return () => {
    over = true;
    for (const [name, followed] of Object.entries(follow)) model.off(`change:${name}`, followed);
    timeline.destroy();
  };
}

export default { render };
