// The panel beside the lanes: the state of the cluster at the moment, and the way of what was chosen.

const SQUARES = 40; // so many blocks of an executor are shown one by one
const CHIPS = 14;

/** An element with attributes and children; texts are never read as HTML. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (name === "style") element.style.cssText = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** The state at the moment; `choose` is called with what is clicked. */
function momentPanel(run, at, choose) {
  const state = stateAt(run, at);
  const section = (key, value, ...content) =>
    h("section", { "data-section": key, "data-value": value }, h("h4", {}, say(run, `at.${key}`)), ...content);
  const none = () => h("span", { class: "ss-none" }, say(run, "at.none"));
  const batches = (key, rows) => section(key, valuesOf(run, "batches", rows), chips(run, rows, choose) ?? none());
  const { blocks } = run.tables;
  const nextRecords = recordsText(run, sum(blocks.records, state.nextBlocks));
  const parts = [
    h("h3", {}, say(run, "at", { time: seconds(at) })),
    run.tables.batches.rows ? batches("processing", state.working) : null,
    run.tables.batches.rows ? batches("queue", state.waiting) : null,
    run.tables.receivers.rows ? section("receiving", state.receivers.length, receiverLines(run, state, at)) : null,
    blocks.rows
      ? section("waiting blocks", state.nextBlocks.length,
          state.nextBlocks.length
            ? h("span", {}, say(run, state.nextBlocks.length === 1 ? "at.block of" : "at.blocks of", { blocks: state.nextBlocks.length, records: nextRecords }))
            : none())
      : null,
    state.backlog.length
      ? section("backlog", sum(state.backlog.map(([, records]) => records), state.backlog.keys()), backlogLines(run, state))
      : null,
    section("tasks", state.tasks.length, coreLines(run, state, choose)),
    run.tables.copies.rows ? section("storage", copiesIn(state), storageLines(run, state, at, choose)) : null,
  ];
  return { state, parts: parts.filter(Boolean) };
}

function copiesIn(state) {
  return Array.from(state.executors.values()).reduce((total, { copies }) => total + copies.length, 0);
}

function valuesOf(run, table, rows) {
  return rows.map((row) => seconds(run.tables[table].batch_time_ms[row])).join(" ");
}

function fillStyle({ colour, text }) {
  return `--fill:${colour};--text:${text}`;
}

function chips(run, rows, choose) {
  if (!rows.length) return null;
  const shown = rows.slice(0, CHIPS).map((row) => {
    const time = run.tables.batches.batch_time_ms[row];
    const style = fillStyle(lookOfBatch(run, time));
    const onclick = () => choose({ table: "batches", row });
    return h("button", { class: "ss-chip", type: "button", style, "data-batch": seconds(time), onclick }, `${seconds(time)} s`);
  });
  const rest = rows.length - shown.length;
  return h("div", { class: "ss-chips" }, shown, rest > 0 ? h("span", {}, say(run, "more", { count: rest })) : null);
}

function line(name, attributes, ...content) {
  return h("div", { class: "ss-line", ...attributes }, h("span", { class: "ss-name" }, name), ...content);
}

function receiverLines(run, state) {
  const { receivers, stretches } = run.tables;
  if (!state.receivers.length) return h("span", { class: "ss-none" }, say(run, "at.none"));
  return state.receivers.map(({ row, filling }) => {
    const until = filling.length ? Math.max(...filling.map((each) => stretches.end_ms[each])) : 0;
    const records = sum(stretches.records, filling);
    const text = records
      ? say(run, "at.filling", { records: recordsText(run, records), time: seconds(until) })
      : say(run, "at.idle");
    const name = say(run, "way.receivers", { stream_id: receivers.stream_id[row], executor_id: textOf(run, "receivers", "executor_id", row) });
    return h("div", { class: "ss-receiver", "data-stream": receivers.stream_id[row], "data-filling": records }, h("div", {}, name), h("div", { class: "ss-soft" }, text));
  });
}

function backlogLines(run, state) {
  return state.backlog.map(([source, records]) =>
    line(source, { "data-source": source, "data-records": records }, h("span", {}, recordsText(run, records))));
}

/** Each core as a square in the colour of what it runs. */
function coreLines(run, state, choose) {
  return Array.from(state.executors, ([name, { here, cores }]) => {
    const running = cores.filter((row) => row >= 0).length;
    const attributes = { "data-executor": name, "data-running": running };
    const label = say(run, "at.tasks on", { who: name });
    if (!here) return line(label, attributes, h("span", { class: "ss-none" }, say(run, "at.gone")));
    return line(label, attributes, h("span", { class: "ss-squares" }, cores.map((row) => coreSquare(run, row, choose))));
  });
}

function coreSquare(run, row, choose) {
  if (row < 0) return h("span", { class: "ss-core ss-free" });
  const bar = run.barsOf.tasks.get(row)?.[0];
  const style = fillStyle(styleOf(run, run.tables.bars.style[bar]));
  const title = `${say(run, "title.tasks")} ${run.tables.tasks.task_id[row]}`;
  return h("button", { class: "ss-core", type: "button", style, title, "aria-label": title, onclick: () => choose({ table: "tasks", row }) });
}

/** Each copy of a block as a square in the colour of the batch it has joined by then. */
function storageLines(run, state, at, choose) {
  const { copies, blocks } = run.tables;
  run.blockRows ??= new Map(Array.from(blocks.block_id, (name, row) => [name, row]));
  return Array.from(state.executors, ([name, { here, copies: held, bytes }]) => {
    const attributes = { "data-executor": name, "data-blocks": held.length };
    const label = say(run, "at.tasks on", { who: name });
    if (!here) return line(label, attributes, h("span", { class: "ss-none" }, say(run, "at.gone")));
    const squares = held.slice(0, SQUARES).map((copy) => {
      const row = run.blockRows.get(copies.block_id[copy]);
      const joined = row !== undefined && blocks.allocated_ms[row] <= at;
      const style = fillStyle(lookOfBatch(run, joined ? blocks.batch_time_ms[row] : NaN));
      const title = textOf(run, "copies", "block_id", copy);
      return row === undefined
        ? h("span", { class: "ss-block", style, title })
        : h("button", { class: "ss-block", type: "button", tabindex: "-1", style, title, onclick: () => choose({ table: "blocks", row }) });
    });
    const total = held.length ? say(run, held.length === 1 ? "at.block" : "at.blocks", { blocks: held.length, size: size(bytes) }) : say(run, "at.none");
    const more = held.length > SQUARES ? h("span", { class: "ss-soft" }, `+${held.length - SQUARES}`) : null;
    return h("div", { class: "ss-store", ...attributes }, line(label, {}, h("span", { class: held.length ? "ss-soft" : "ss-none" }, total)), h("div", { class: "ss-squares" }, squares, more));
  });
}

/** The way of what was chosen, step by step. */
function wayPanel(run, chosen, way, choose, clear) {
  if (!chosen) return [h("p", { class: "ss-none" }, say(run, "choose"))];
  const steps = way.steps.map(({ text, note, tone, table, row, end }) => {
    const content = [h("span", { class: "ss-step" }, text), note ? h("span", { class: "ss-soft" }, note) : null];
    const itself = table === chosen.table && row === chosen.row;
    const attributes = { "data-step": end ?? table ?? "", class: `${tone ? `ss-${tone}` : ""} ${itself ? "ss-itself" : ""}`.trim() };
    if (table === undefined || itself) return h("li", attributes, ...content);
    return h("li", attributes, h("button", { type: "button", onclick: () => choose({ table, row }) }, ...content));
  });
  const what = nameOf(run, chosen);
  return [
    h("h3", {}, say(run, "chosen", { what }), h("button", { class: "ss-close", type: "button", title: say(run, "clear"), "aria-label": say(run, "clear"), onclick: clear }, "×")),
    h("ol", { class: "ss-way" }, steps),
  ];
}

/** What something is called in a heading. */
function nameOf(run, { table, row, record }) {
  const { tables } = run;
  const names = {
    stretches: () => record !== undefined
      ? say(run, "way.record", { record: grouped(record), source: textOf(run, table, "source", row) })
      : `${say(run, "title.stretches")} ${grouped(tables.stretches.first[row])}–${grouped(tables.stretches.last[row])}`,
    blocks: () => textOf(run, table, "block_id", row),
    logged: () => textOf(run, table, "block_id", row),
    ranges: () => `${textOf(run, table, "source", row)} ${tables.ranges.first[row]}–${tables.ranges.last[row]}`,
    batches: () => `${seconds(tables.batches.batch_time_ms[row])} s`,
    operations: () => `${tables.operations.output_op[row]} · ${seconds(tables.operations.batch_time_ms[row])} s`,
    stages: () => tables.stages.stage_id[row],
    tasks: () => tables.tasks.task_id[row],
    receivers: () => tables.receivers.stream_id[row],
    checkpoints: () => `${seconds(tables.checkpoints.batch_time_ms[row])} s`,
  };
  return table === "stretches" ? names.stretches() : `${say(run, `title.${table}`)} ${names[table]()}`;
}

/** What the pointer shows of a bar or a mark. */
function tooltipOf(run, { bar, mark, record }) {
  if (mark >= 0) {
    const kind = textOf(run, "marks", "kind", mark);
    const note = textOf(run, "marks", "note", mark);
    return [h("b", {}, say(run, `mark.${kind}`)), h("div", {}, `${seconds(run.tables.marks.time_ms[mark])} s`), h("div", {}, note)];
  }
  const { table: number, row: rows } = run.tables.bars;
  const table = run.names[number[bar]];
  const row = rows[bar];
  if (!table) return null;
  const facts = run.head.fact_columns[table]
    .map((column) => [say(run, `fact.${column}`), factOf(run, table, column, row), column])
    .filter(([, value]) => value !== "" && value !== "0" && value !== say(run, "no"))
    .map(([name, value]) => h("tr", {}, h("th", {}, name), h("td", {}, value)));
  return [h("b", {}, nameOf(run, { table, row, record })), h("table", {}, facts)];
}
