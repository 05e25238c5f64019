// The timeline: what is shown, and the page's elements that show it.

const LEAST_MS = 0.5; // no closer look than this
const LEAST_WIDTH = 80; // pixels
const HIDDEN_MS = 200; // how often something hidden looks whether it is seen again
const PANEL_EVERY_MS = 90; // while playing

class Timeline {
  constructor(root, { theme = "auto", onMoment = () => {}, onChoice = () => {} } = {}) {
    Object.assign(this, { root, onMoment, onChoice, speed: 1, lane: 0, chosen: null, way: null, focused: false });
    root.timeline = this; // for tests, and for the curious in the console
    this.askedTheme = theme;
    root.classList.add("ss-timeline");
    this.sized = new ResizeObserver(() => this.setTheme()); // also when a notebook puts it, and its style, in place
    this.unwatch = watchTheme(() => this.setTheme());
  }

  /** Shows a run, keeping moment and span where the run before it was as long. */
  show(run) {
    const before = this.run;
    const same = before && Math.abs(before.head.end_ms - run.head.end_ms) < 1e-6;
    this.pause();
    this.run = run;
    this.layout = layOut(run);
    this.window = same ? this.window : [...run.head.window_ms];
    this.moment = same ? this.moment : run.head.end_ms;
    this.chosen = this.way = this.shownMoment = null;
    this.lane = Math.min(this.lane, this.layout.rows.length - 1);
    this.build();
    this.setTheme();
    this.root.dataset.bars = run.tables.bars.rows;
    this.root.dataset.lang = run.head.lang;
    this.root.dataset.ready = "1";
  }

  build() {
    const { run } = this;
    const canvas = (name, attributes) => (this[name] = h("canvas", { class: `ss-${name}`, ...attributes }));
    this.bar = toolbar(run, this);
    this.slider = h("input", { class: "ss-slider", type: "range", min: 0, max: run.head.end_ms, step: "any", "aria-label": say(run, "moment") });
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    this.slider.addEventListener("keydown", (event) => this.slideByKey(event));
    this.scroller = h("div", { class: "ss-scroller" }, canvas("lanes", { tabindex: "0", role: "application", "aria-label": say(run, "timeline") }));
    this.status = h("div", { class: "ss-status", role: "status", "aria-live": "polite" });
    this.tip = h("div", { class: "ss-tip", hidden: "" });
    this.momentBox = h("div", { class: "ss-moment" });
    this.wayBox = h("div", { class: "ss-chosen" });
    this.main = h("div", { class: "ss-main" }, canvas("top"), this.scroller, canvas("overview"), this.slider);
    this.panel = h("aside", { class: "ss-panel" }, this.momentBox);
    const below = h("div", { class: "ss-below" }, legendOf(run, this.layout), h("div", {}, run.head.note), h("div", { class: "ss-keys" }, say(run, "keys")), this.status);
    this.root.replaceChildren(this.bar.element, h("div", { class: "ss-body" }, this.main, this.panel), this.wayBox, below, this.tip);
    this.root.lang = run.head.lang === "zh" ? "zh-Hans" : run.head.lang;
    listenToLanes(this.lanes, this);
    listenToEdges(this.top, this.overview, this);
    this.sized.disconnect();
    this.sized.observe(this.main);
    this.showWay();
  }

  setTheme() {
    this.root.dataset.theme = themeOf(this.askedTheme);
    this.paper = paperOf(this.root);
    this.draw();
  }

  destroy() {
    this.pause();
    clearTimeout(this.later);
    this.sized.disconnect();
    this.unwatch();
  }

  // --- drawing: at most once per frame ----------------------------------------------------------------------------

  draw() {
    if (!this.run || this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.paint();
    });
  }

  paint() {
    this.width = Math.floor(this.scroller.clientWidth);
    if (this.width < LEAST_WIDTH) {
      // Hidden: in another tab, or for the moment in which a notebook changes its theme. No event tells the end of that.
      clearTimeout(this.later);
      if (this.root.isConnected) this.later = setTimeout(() => this.draw(), HIDDEN_MS);
      return;
    }
    const began = performance.now();
    this.scale = scaleOf(this.window, this.width, this.layout);
    const context = contextOf(this.lanes, this.width, this.layout.height);
    paintLanes(context, this);
    const faults = faultRows(context, this);
    const height = topHeight(faults);
    paintTop(contextOf(this.top, this.width, height), this, faults, height);
    paintOverview(contextOf(this.overview, this.width, OVERVIEW), this);
    const lengths = { width: this.width, left: this.layout.left, right: RIGHT };
    for (const [name, pixels] of Object.entries(lengths)) this.main.style.setProperty(`--ss-${name}`, `${pixels}px`);
    this.root.dataset.crowded = Number(this.crowded);
    this.root.dataset.from = this.window[0].toFixed(3);
    this.root.dataset.to = this.window[1].toFixed(3);
    this.root.dataset.painted = this.root.dataset.theme;
    this.root.dataset.drawnMs = (performance.now() - began).toFixed(2);
    this.showMoment();
  }

  showMoment() {
    const now = performance.now();
    if (this.shownMoment === this.moment) return;
    this.slider.value = this.moment;
    this.slider.setAttribute("aria-valuetext", `${seconds(this.moment)} s`);
    this.bar.readout.textContent = `${(this.moment / 1000).toFixed(3)} s`;
    this.root.dataset.moment = seconds(this.moment);
    if (this.playing && now - (this.panelAt ?? 0) < PANEL_EVERY_MS) return;
    this.panelAt = now;
    this.shownMoment = this.moment;
    const { state, parts } = momentPanel(this.run, this.moment, (chosen) => this.choose(chosen));
    this.momentBox.replaceChildren(...parts);
    if (!this.playing) this.tell(this.statusOf(state));
    this.onMoment(this.moment / 1000);
  }

  statusOf({ working, waiting, tasks, executors }) {
    const blocks = copiesIn({ executors });
    const counts = { processing: working.length, waiting: waiting.length, tasks: tasks.length, blocks };
    return say(this.run, "status", { time: seconds(this.moment), ...counts });
  }

  tell(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  // --- what is visible ----------------------------------------------------------------------------------------------

  /** Shows the span [from, to] as far as it lies in the run. */
  look(from, to, { keepSpan = false } = {}) {
    const end = this.run.head.end_ms;
    const span = Math.min(end, Math.max(LEAST_MS, to - from));
    if (keepSpan) from = Math.min(Math.max(0, from), end - span);
    from = Math.max(0, Math.min(from, end - LEAST_MS));
    this.window = [from, Math.min(end, keepSpan ? from + span : Math.max(to, from + LEAST_MS))];
    this.hover(null);
    this.draw();
  }

  /** Makes the visible span `factor` times as long around a moment: the one that is set, else the middle. */
  zoom(factor, around = null) {
    const [from, to] = this.window;
    const inside = this.moment > from && this.moment < to;
    const at = around ?? (inside ? this.moment : (from + to) / 2);
    this.look(at - (at - from) * factor, at + (to - at) * factor);
  }

  pan(share) {
    const [from, to] = this.window;
    const shift = (to - from) * share;
    this.look(from + shift, to + shift, { keepSpan: true });
  }

  /** Brings a moment into view. */
  reveal(at) {
    const [from, to] = this.window;
    if (at >= from && at <= to) return;
    const span = to - from;
    this.look(at - span * 0.2, at + span * 0.8, { keepSpan: true });
  }

  // --- the moment ---------------------------------------------------------------------------------------------------

  seek(at, reveal = false) {
    this.moment = Math.min(Math.max(0, at), this.run.head.end_ms);
    if (reveal) this.reveal(this.moment);
    this.draw();
  }

  /** To the event before or after the moment. */
  step(direction) {
    this.pause();
    const { moments } = this.run;
    const next = direction > 0 ? moments.find((at) => at > this.moment + 1e-6) : moments.findLast((at) => at < this.moment - 1e-6);
    this.seek(next ?? this.moment, true);
  }

  slideByKey(event) {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key === " ") this.togglePlay();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  togglePlay() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.moment >= this.run.head.end_ms) this.moment = this.window[0] < this.run.head.end_ms ? this.window[0] : 0;
    this.playing = true;
    this.root.dataset.playing = "1";
    setIcon(this.bar.play, "pause");
    this.bar.play.setAttribute("aria-label", say(this.run, "pause"));
    let last = performance.now();
    const tick = (now) => {
      if (!this.playing) return;
      const at = this.moment + Math.max(0, now - last) * this.speed;
      last = now;
      this.seek(at, true);
      if (this.moment >= this.run.head.end_ms) this.pause();
      else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.root.dataset.playing = "0";
    setIcon(this.bar.play, "play");
    this.bar.play.setAttribute("aria-label", say(this.run, "play"));
    this.shownMoment = null;
    this.draw();
  }

  // --- what is chosen -----------------------------------------------------------------------------------------------

  /** Lights up the way of {table, row}, and of one record of a stretch; null for nothing. */
  choose(chosen) {
    this.chosen = chosen;
    this.way = chosen && wayOf(this.run, chosen);
    this.showWay();
    this.draw();
    this.onChoice(chosen);
  }

  showWay() {
    const { run, chosen, way } = this;
    const clear = () => this.choose(null);
    this.wayBox.replaceChildren(...wayPanel(run, chosen, way, (next) => this.choose(next), clear));
    this.root.dataset.chosen = chosen ? [chosen.table, chosen.row, chosen.record].filter((each) => each !== undefined).join(":") : "";
    this.root.dataset.lit = way ? way.bars.reduce((total, lit) => total + lit, 0) : "";
    if (chosen) this.tell([nameOf(run, chosen), ...way.steps.map(({ text, note }) => (note ? `${text} (${note})` : text))].join("; "));
  }

  click({ x, y }) {
    this.lanes.focus({ preventScroll: true });
    const row = rowAt(this.layout, y);
    if (row) this.lane = row.number;
    this.tip.hidden = true;
    const bar = barAt(this.run, this.layout, this.scale, x, y);
    if (bar >= 0 && this.rowOf(bar)) return this.choose(this.rowOf(bar, this.scale.ms(x)));
    if (x >= this.scale.left) this.seek(this.scale.ms(x));
    return this.choose(null);
  }

  /** The row that a bar shows; of a stretch also the record that came at about that moment. */
  rowOf(bar, at = null) {
    const { table, row, start_ms: start, end_ms: end } = this.run.tables.bars;
    if (table[bar] < 0) return null;
    const found = { table: this.run.names[table[bar]], row: row[bar] };
    if (found.table === "stretches" && at !== null) {
      const { first, records } = this.run.tables.stretches;
      const share = (at - start[bar]) / Math.max(end[bar] - start[bar], 1e-9);
      found.record = first[found.row] + Math.min(records[found.row] - 1, Math.max(0, Math.floor(share * records[found.row])));
    }
    return found;
  }

  /** The point on the lanes where the visible middle of a row's bar is, on a lane of this kind. */
  whereIs(table, row, kind) {
    const { lane, slot, start_ms: start, end_ms: end } = this.run.tables.bars;
    const bar = this.run.barsOf[table].get(row).find((each) => this.layout.rows[lane[each]].kind === kind);
    const [top, height] = slotOf(this.layout.rows[lane[bar]], slot[bar]);
    const middle = (Math.max(start[bar], this.scale.from) + Math.min(end[bar], this.scale.to)) / 2;
    return { x: this.scale.x(middle), y: top + height / 2 };
  }

  moveLane(by) {
    const { rows } = this.layout;
    this.lane = Math.min(Math.max(0, this.lane + by), rows.length - 1);
    const { top, height } = rows[this.lane];
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop || top + height > scrollTop + clientHeight) this.scroller.scrollTop = top - clientHeight / 3;
    this.tell(`${rows[this.lane].group}, ${rows[this.lane].title}`);
    this.draw();
  }

  /** Chooses the next or last bar of the lane, counted from the chosen one, else from the moment. */
  moveBar(by) {
    const { first, last } = this.layout.rows[this.lane];
    const { start_ms: start } = this.run.tables.bars;
    const own = this.way?.chosen.find((bar) => bar >= first && bar < last);
    let bar = own === undefined ? first : own + by;
    if (own === undefined) while (bar < last - 1 && start[bar] < this.window[0]) bar++;
    if (bar < first || bar >= last) return;
    this.reveal(start[bar]);
    if (this.rowOf(bar)) this.choose(this.rowOf(bar));
  }

  setFocus(focused) {
    this.focused = focused;
    this.draw();
  }

  // --- what the pointer is over -------------------------------------------------------------------------------------

  hover(point) {
    if (!point || point.x < this.scale.left) {
      this.tip.hidden = true;
      return;
    }
    const mark = markAt(this.run, this.layout, this.scale, point.x, point.y);
    const bar = mark >= 0 ? -1 : barAt(this.run, this.layout, this.scale, point.x, point.y);
    this.lanes.style.cursor = bar >= 0 ? "pointer" : "";
    const record = bar >= 0 ? this.rowOf(bar, this.scale.ms(point.x))?.record : undefined;
    const content = mark >= 0 || bar >= 0 ? tooltipOf(this.run, { bar, mark, record }) : null;
    this.tip.hidden = !content;
    if (!content) return;
    this.tip.replaceChildren(...content);
    const box = this.root.getBoundingClientRect();
    const canvas = this.lanes.getBoundingClientRect();
    const x = canvas.left - box.left + point.x;
    const y = canvas.top - box.top + point.y;
    const left = x + 16 + this.tip.offsetWidth > box.width ? x - 16 - this.tip.offsetWidth : x + 16;
    this.tip.style.left = `${Math.max(0, left)}px`;
    this.tip.style.top = `${Math.max(0, Math.min(y + 14, box.height - this.tip.offsetHeight - 4))}px`;
  }

  hint() {
    this.tell(say(this.run, "wheel"));
  }
}
