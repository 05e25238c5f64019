// The Streaming page: four charts with their histograms, the input streams, the batches. Drawn from one JSON value.

const POLL_MS = 1000;
const DONE_COLUMNS = ["batch time", "records", "scheduling delay", "processing time", "total delay", "output ops", "error"];
const ACTIVE_COLUMNS = ["batch time", "records", "scheduling delay", "processing time", "output ops", "status"];
const STREAM_COLUMNS = ["stream", "average", "status", "executor", "last error time", "last error"];

class StreamingPage {
  constructor(root) {
    this.root = root;
    this.rows = new Map(); // charts by name: a row stays, so that what the pointer is over does not go away
    this.title = element("h1");
    this.summary = element("p", { class: "sc-summary" });
    this.charts = element("section", { class: "sc-charts" });
    this.streams = tableBox("streams");
    this.tables = Object.fromEntries(["active", "done", "abandoned"].map((name) => [name, tableBox(name)]));
    root.replaceChildren(this.title, this.summary, this.charts, this.streams.box, ...Object.values(this.tables).map((each) => each.box));
    whenResized(this.charts, () => this.view && this.showCharts());
  }

  show(view) {
    this.view = view;
    this.say = (key, values = {}) => view.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
    this.clock = clockOf(view);
    this.root.lang = view.lang === "zh" ? "zh-Hans" : view.lang;
    const live = view.live ? [element("span", { class: "sc-live" }, this.say("live"))] : [];
    this.title.replaceChildren(this.say("title"), element("small", {}, [view.app, view.master].filter(Boolean).join(" · ")), ...live);
    this.summary.textContent = this.summaryText();
    this.showCharts();
    this.showStreams();
    this.showBatches();
    this.root.dataset.batches = view.times_ms.length;
    this.root.dataset.completed = view.completed;
    this.root.dataset.live = Number(view.live);
  }

  summaryText() {
    const { started_ms: started, now_ms: now, batch_ms: batch, completed, records, on_wall_clock: wall } = this.view;
    if (started === null) return this.say("not started");
    return this.say("running", {
      batch: secondsText(batch / 1000),
      span: spanText(now - started),
      start: wall ? new Date(started).toLocaleString() : this.clock(started),
      completed: completed.toLocaleString("en"),
      records: records.toLocaleString("en"),
    });
  }

  // --- charts -------------------------------------------------------------------------------------------------------

  showCharts() {
    const { charts, streams, times_ms: times } = this.view;
    const wanted = charts.map((chart) => ({ ...chart, name: this.say(chart.kind) }));
    if (streams.length > 1) {
      const [{ colour, marker }] = charts;
      const own = streams.map(({ name, rates, average, top, histogram }) => ({ kind: `stream ${name}`, name, values: rates, average, top, histogram, colour, marker, dash: "", level: null, part: true }));
      wanted.splice(1, 0, ...own);
    }
    if (!this.heads) this.charts.append((this.heads = element("div", { class: "sc-row sc-heads" })));
    const count = times.length.toLocaleString("en");
    this.heads.replaceChildren(element("span"), element("b", {}, this.say("timelines", { count })), element("b", {}, this.say("histograms")));
    for (const chart of wanted) this.showChart(chart, times);
  }

  showChart(chart, times) {
    const { kind, name, average, histogram, level } = chart;
    const amount = kind === "input rate" || chart.part ? (value) => Number(value.toPrecision(4)).toLocaleString("en") : secondsText;
    const averageText = average === null ? "–" : kind === "input rate" || chart.part ? this.say("records per second", { value: amount(average) }) : amount(average);
    const row = this.rows.get(kind) ?? this.addRow(kind, chart.part);
    row.head.replaceChildren(element("h2", {}, name), element("p", {}, this.say("average", { value: averageText })));
    if (level !== null) row.head.append(element("p", { class: "sc-soft" }, this.say("stable", { value: secondsText(level) })));
    row.box.dataset.average = average ?? "";
    if (row.box.matches(":hover") && row.box.childElementCount) return;
    const label = `${name}. ${this.say("average", { value: averageText })}`;
    const height = chart.part ? 90 : 130;
    const line = level === null ? null : { value: level, name: `${this.say("batch interval")} ${secondsText(level)}` };
    const shown = drawChart(row.box, { times, series: [chart], level: line, clock: this.clock, amount, label, height, top: chart.top });
    drawHistogram(row.side, { ...histogram, colour: chart.colour, top: shown, height, label: `${name}: ${this.say("how many")}` });
  }

  addRow(kind, part) {
    const head = element("div", { class: "sc-head" });
    const box = element("div", { class: "sc-box", "data-chart": kind });
    const side = element("div", { class: "sc-box", "data-histogram": kind });
    const row = element("div", { class: part ? "sc-row sc-part" : "sc-row" }, head, box, side);
    const parts = [...this.rows.values()].filter((each) => each.part);
    const before = part ? (parts.at(-1) ?? this.rows.get("input rate")).row.nextSibling : null;
    this.charts.insertBefore(row, before);
    const made = { head, box, side, row, part };
    this.rows.set(kind, made);
    return made;
  }

  // --- tables -------------------------------------------------------------------------------------------------------

  showStreams() {
    const { streams } = this.view;
    const receivers = streams.filter((each) => each.receiver);
    const title = this.say("receivers", { active: receivers.filter((each) => each.active).length, total: receivers.length });
    const lines = streams.map((each) => [
      each.name,
      each.average === null ? "–" : this.say("records per second", { value: Number(each.average.toPrecision(4)).toLocaleString("en") }),
      each.receiver ? this.say(each.active ? "ACTIVE" : "INACTIVE") : this.say("no receiver"),
      each.executor || "–",
      each.error_ms === null ? "–" : this.clock(each.error_ms),
      each.error || "–",
    ]);
    const heads = STREAM_COLUMNS.map((name) => (name === "average" ? this.say("input rate") : this.say(name)));
    fillTable(this.streams, `${this.say("receiver table")} · ${title}`, heads, lines, streams.map((each) => ({ stream: each.id, state: each.active ? "active" : "inactive" })));
  }

  showBatches() {
    const { active, done, abandoned, completed } = this.view;
    const titles = {
      active: this.say("active batches", { count: active.length }),
      done: this.say("completed batches", { shown: done.length, count: completed.toLocaleString("en") }),
      abandoned: this.say("abandoned batches", { count: abandoned.length }),
    };
    const columns = { active: ACTIVE_COLUMNS, done: DONE_COLUMNS, abandoned: ACTIVE_COLUMNS };
    for (const [name, batches] of Object.entries({ active, done, abandoned })) {
      const lines = batches.map((batch) => columns[name].map((column) => this.cell(column, batch)));
      const marks = batches.map((batch) => ({ batch: batch.batch_time_ms, state: batch.failure ? "failed" : batch.status }));
      fillTable(this.tables[name], titles[name], columns[name].map((column) => this.say(column)), lines, marks);
    }
    this.tables.abandoned.box.hidden = !abandoned.length;
  }

  cell(column, batch) {
    const duration = (ms) => (ms === null ? "–" : secondsText(ms / 1000));
    if (column === "batch time") return this.clock(batch.batch_time_ms);
    if (column === "records") return batch.records.toLocaleString("en");
    if (column === "output ops") return outputBar(batch);
    if (column === "status") return this.say(batch.status);
    if (column === "error") return batch.failure || "–";
    return duration(batch[`${column.replace(" ", "_")}_ms`]);
  }
}

/** How many output operations succeeded, as a bar and in numbers. */
function outputBar({ succeeded_ops: succeeded, output_ops: total, failure }) {
  const done = element("i");
  done.style.width = `${total ? (succeeded / total) * 100 : 0}%`;
  return element("span", { class: failure ? "sc-ops sc-failed" : "sc-ops" }, done, element("b", {}, `${succeeded}/${total}${failure ? " ✗" : ""}`));
}

/** Where a table goes: its title and, scrolling, its rows. */
function tableBox(name) {
  const title = element("h2");
  const scroller = element("div", { class: "sc-scroller", tabindex: "0" });
  return { box: element("section", { "data-table": name }, title, scroller), title, scroller };
}

function fillTable({ title, scroller }, text, heads, lines, marks) {
  title.textContent = text;
  scroller.setAttribute("aria-label", text);
  const head = element("tr", {}, ...heads.map((each) => element("th", { scope: "col" }, each)));
  const body = lines.map((cells, at) => {
    const row = element("tr", {}, ...cells.map((cell) => element("td", {}, cell)));
    Object.assign(row.dataset, marks[at]);
    return row;
  });
  scroller.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
}

/** Moments of a run: of the day when it was live, with ms only where batches are shorter than a second. */
function clockOf({ on_wall_clock: wall, batch_ms: batch }) {
  if (!wall) return (ms) => `${Number((ms / 1000).toFixed(batch && batch < 1000 ? 3 : 2))} s`;
  const two = (number) => String(number).padStart(2, "0");
  return (ms) => {
    const at = new Date(ms);
    const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
    return batch && batch < 1000 ? `${text}.${String(at.getMilliseconds()).padStart(3, "0")}` : text;
  };
}

/** A long span: hours, minutes and seconds, those that there are. */
function spanText(ms) {
  const seconds = Math.round(ms / 1000);
  const parts = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
  return parts.filter(([count, unit]) => count || (unit === "s" && seconds < 60)).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** Shows what lies in the page; where nothing does, asks the server for it, again and again. */
function start(root, page = new StreamingPage(root)) {
  const text = document.getElementById("view").textContent.trim();
  if (text) {
    page.show(JSON.parse(text));
    return;
  }
  const gone = element("p", { class: "sc-gone", role: "alert", hidden: "" });
  root.prepend(gone);
  const ask = async () => {
    try {
      const answer = await fetch(`data${location.search}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(`${answer.status}`);
      page.show(await answer.json());
      gone.hidden = true;
    } catch (error) {
      gone.textContent = document.body.dataset.gone;
      gone.hidden = false;
      root.dataset.live = 0;
      console.info(error);
    }
    setTimeout(ask, POLL_MS);
  };
  ask();
}

useFont(document.getElementById("font").textContent.trim(), () => start(document.getElementById("streaming")));
