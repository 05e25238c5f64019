// The way of what was chosen, told in words: one step per thing on the way, and how it ended.

/** Steps {text, note, tone, table, row}: tone is "good", "bad" or ""; table and row lead to the step's own way. */
function stepsOf(run, rows, chosen) {
  const steps = [
    ...recordSteps(run, rows, chosen),
    ...OTHERS.flatMap((table) => (rows[table].has(chosen.row) && chosen.table === table ? [plainStep(run, table, chosen.row)] : [])),
    ...heldSteps(run, rows, "ranges"),
    ...heldSteps(run, rows, "blocks"),
    ...Array.from(rows.batches, (row) => batchStep(run, row)),
    ...(chosen.table === "stages" ? [plainStep(run, "stages", chosen.row)] : []),
    ...taskSteps(run, rows),
    ...Array.from(rows.operations, (row) => operationStep(run, row)),
  ];
  return [...steps, ...endSteps(run, rows)];
}

const OTHERS = ["receivers", "checkpoints", "logged"];

function sum(numbers, rows) {
  return Array.from(rows).reduce((total, row) => total + numbers[row], 0);
}

function recordSteps(run, rows, { table, row, record }) {
  if (!rows.stretches.size) return [];
  const { stretches } = run.tables;
  const sources = [...new Set(Array.from(rows.stretches, (each) => textOf(run, "stretches", "source", each)))];
  if (table === "stretches" && record !== undefined) {
    return [{ text: say(run, "way.record", { record: grouped(record), source: sources[0] }), table, row }];
  }
  const records = grouped(sum(stretches.records, rows.stretches));
  if (rows.stretches.size > 1) return [{ text: say(run, "way.many stretches", { records, sources: sources.join(", ") }) }];
  const [only] = rows.stretches;
  const key = stretches.records[only] === 1 ? "way.stretch" : "way.stretches";
  const ends = { first: grouped(stretches.first[only]), last: grouped(stretches.last[only]) };
  return [{ text: say(run, key, { records, ...ends, source: sources[0] }), table: "stretches", row: only }];
}

function plainStep(run, table, row) {
  const values = Object.fromEntries(run.head.fact_columns[table].map((name) => [name, factOf(run, table, name, row)]));
  const key = table === "logged" ? "way.entry" : `way.${table}`;
  return { text: say(run, key, { ...values, time: values.batch_time_ms?.replace(" s", "") }), table, row };
}

/** Of blocks, or of ranges of a log. */
function heldSteps(run, rows, table) {
  const own = rows[table];
  if (!own.size) return [];
  const columns = run.tables[table];
  const records = sum(columns.records, own);
  if (own.size > 1) return [{ text: say(run, `way.many ${table}`, { count: grouped(own.size), records: grouped(records) }) }];
  const [row] = own;
  const values = Object.fromEntries(run.head.fact_columns[table].map((name) => [name, factOf(run, table, name, row)]));
  const text = say(run, `way.${table}`, { ...values, records: recordsText(run, records) });
  return [{ text, note: table === "blocks" ? keptNote(run, row) : "", table, row }];
}

function keptNote(run, block) {
  const { copies, logged, blocks } = run.tables;
  const holders = [];
  for (let copy = 0; copy < copies.rows; copy++) {
    if (copies.block_id[copy] === blocks.block_id[block]) holders.push(textOf(run, "copies", "executor_id", copy));
  }
  const stored = holders.length ? say(run, "way.copies", { executors: [...new Set(holders)].join(", ") }) : say(run, "way.no copies");
  return logged.block_id.includes(blocks.block_id[block]) ? `${stored}; ${say(run, "way.logged")}` : stored;
}

function batchStep(run, row) {
  const { batches } = run.tables;
  const status = textOf(run, "batches", "status", row);
  const waited = duration(batches.scheduling_delay_ms[row] || 0);
  const notes = {
    completed: () => say(run, "way.waited", { waited, took: duration(batches.processing_time_ms[row] || 0) }),
    queued: () => say(run, "way.waiting"),
    processing: () => say(run, "way.in work"),
    abandoned: () => say(run, "way.abandoned"),
  };
  const failed = batches.failed[row] ? `${say(run, "value.failed")}; ` : "";
  const tone = failed || status === "abandoned" ? "bad" : "";
  const text = say(run, "way.batches", { time: seconds(batches.batch_time_ms[row]) });
  return { text, note: failed + (notes[status]?.() ?? status), tone, table: "batches", row };
}

function taskSteps(run, rows) {
  if (!rows.tasks.size) return [];
  const all = [...rows.tasks];
  const { tasks } = run.tables;
  const executors = [...new Set(all.map((row) => textOf(run, "tasks", "executor_id", row)))].sort().join(", ");
  const failed = all.filter((row) => !["", "Success"].includes(textOf(run, "tasks", "reason", row)));
  const reason = [...new Set(failed.map((row) => textOf(run, "tasks", "reason", row)))].join(", ");
  const single = all.length === 1;
  const text = say(run, single ? "way.task" : "way.tasks", { count: all.length, task_id: tasks.task_id[all[0]], executors });
  const key = single ? "way.failed task" : "way.failed tasks";
  const note = failed.length ? say(run, key, { failed: failed.length, reason }) : "";
  const own = single ? { table: "tasks", row: all[0] } : {};
  return [{ text, note, tone: failed.length ? "bad" : "", ...own }];
}

function operationStep(run, row) {
  const name = textOf(run, "operations", "name", row);
  const status = textOf(run, "operations", "status", row);
  const reason = lastLine(textOf(run, "operations", "failure", row));
  const notes = { succeeded: "way.succeeded", failed: "way.failed", running: "way.in work", abandoned: "way.abandoned" };
  const tones = { succeeded: "good", failed: "bad", abandoned: "bad" };
  const note = say(run, notes[status] ?? status, { reason });
  return { text: say(run, "way.operations", { name }), note, tone: tones[status] ?? "", table: "operations", row };
}

function lastLine(text) {
  return text.trim().split("\n").at(-1);
}

/** What became of the records in the end. */
function endSteps(run, rows) {
  const ends = new Map();
  const { records, times } = run.tables.stretches;
  for (const row of rows.stretches) {
    const outcome = textOf(run, "stretches", "outcome", row);
    const reason = textOf(run, "stretches", "reason", row);
    const key = JSON.stringify([outcome, reason, times[row]]);
    const end = ends.get(key) ?? { outcome, reason, times: times[row], records: 0 };
    end.records += records[row];
    ends.set(key, end);
  }
  const keys = { once: "way.reached", "n times": "way.repeated", lost: "way.lost", pending: "way.pending" };
  const tones = { once: "good", lost: "bad" };
  return Array.from(ends.values(), ({ outcome, reason, times: written, records: many }) => {
    const text = say(run, keys[outcome], { reason, times: written });
    const part = ends.size > 1 ? say(run, "way.part", { records: grouped(many) }) : outcome === "pending" ? reason : "";
    return { text, note: part, tone: tones[outcome] ?? "", end: outcome };
  });
}
