// The way of what was chosen: from its records through blocks, batches and tasks to the output, or to where it was lost.

const LINKED_BLOCKS = 3; // lines for more blocks than these would hide what they connect

/** All rows that `chosen` ({table, row}) passed or came from, the bars that show them, and the way told in steps. */
function wayOf(run, chosen) {
  const rows = Object.fromEntries(run.names.map((name) => [name, new Set()]));
  rows[chosen.table].add(chosen.row);
  const found = { rows, names: new Set(), times: new Set(), wholeBatch: false };
  BEGINNINGS[chosen.table]?.(run, found, chosen.row);
  followBlocks(run, found);
  followBatches(run, found, chosen);
  const bars = new Uint8Array(run.tables.bars.rows);
  for (const name of run.names) {
    for (const row of rows[name]) for (const bar of run.barsOf[name].get(row) ?? []) bars[bar] = 1;
  }
  const links = found.names.size <= LINKED_BLOCKS ? linksOf(run, found) : [];
  return { chosen: run.barsOf[chosen.table].get(chosen.row) ?? [], rows, bars, links, steps: stepsOf(run, rows, chosen) };
}

const named = (table) => (run, found, row) => addName(run, found, run.tables[table].block_id[row]);
const timed = (table) => (run, found, row) => {
  found.times.add(run.tables[table].batch_time_ms[row]);
  found.wholeBatch = true;
};

/** What each kind of choice says at once: names of blocks or ranges, batch times, tasks. */
const BEGINNINGS = {
  stretches: named("stretches"),
  blocks: named("blocks"),
  ranges: named("ranges"),
  logged: named("logged"),
  batches: timed("batches"),
  operations: timed("operations"),
  checkpoints: timed("checkpoints"),
  tasks: (run, found, row) => fromTasks(run, found, (task) => task === row),
  stages: (run, found, row) => {
    const { stage } = run.tables.tasks;
    fromTasks(run, found, (task) => stage[task] === row);
  },
  receivers: (run, found, row) => {
    const { stream_id: stream, started_ms: started, stopped_ms: stopped } = run.tables.receivers;
    const { stream_id: of, generated_ms: made, block_id: name } = run.tables.blocks;
    for (let block = 0; block < of.length; block++) {
      const its = of[block] === stream[row] && made[block] >= started[row] && !(made[block] > stopped[row]);
      if (its) addName(run, found, name[block]);
    }
    found.onlyBlocks = true;
  },
};

function addName(run, found, name) {
  if (run.strings[name]) found.names.add(name);
}

function fromTasks(run, found, chosen) {
  const { tasks, reads } = run.tables;
  for (let task = 0; task < tasks.rows; task++) if (chosen(task)) found.rows.tasks.add(task);
  for (let read = 0; read < reads.rows; read++) {
    if (found.rows.tasks.has(reads.task[read])) addName(run, found, reads.block_id[read]);
  }
  for (const task of found.rows.tasks) {
    if (!Number.isNaN(tasks.batch_time_ms[task])) found.times.add(tasks.batch_time_ms[task]);
  }
  found.ownTasks = true;
}

/** From the names of blocks and ranges to their records, logs, and batches; from whole batches to the names. */
function followBlocks(run, found) {
  const { rows, names, times } = found;
  for (const table of ["blocks", "ranges"]) {
    const { block_id: name, batch_time_ms: time } = run.tables[table];
    for (let row = 0; row < name.length; row++) {
      if (found.wholeBatch && times.has(time[row])) names.add(name[row]);
      if (!names.has(name[row])) continue;
      rows[table].add(row);
      if (!found.onlyBlocks && !found.ownTasks && !Number.isNaN(time[row])) times.add(time[row]);
    }
  }
  for (const table of ["stretches", "logged"]) {
    const { block_id: name } = run.tables[table];
    for (let row = 0; row < name.length; row++) {
      if (names.has(name[row])) rows[table].add(row);
    }
  }
}

/** From batch times to batches, tasks, stages and output operations. */
function followBatches(run, found, chosen) {
  const { batches, tasks, jobs, operations, reads } = run.tables;
  const { rows, times, names } = found;
  for (let row = 0; row < batches.rows; row++) if (times.has(batches.batch_time_ms[row])) rows.batches.add(row);
  const operation = chosen.table === "operations" ? operations.output_op[chosen.row] : null;
  const ownJobs = new Set();
  for (let row = 0; row < jobs.rows; row++) {
    const its = times.has(jobs.batch_time_ms[row]) && (operation === null || jobs.output_op[row] === operation);
    if (its) ownJobs.add(row);
  }
  if (found.wholeBatch) {
    for (let row = 0; row < tasks.rows; row++) if (ownJobs.has(tasks.job[row])) rows.tasks.add(row);
  } else if (!found.ownTasks) {
    const reading = new Set();
    for (let read = 0; read < reads.rows; read++) if (names.has(reads.block_id[read])) reading.add(reads.task[read]);
    const theirJobs = new Set(Array.from(reading, (task) => tasks.job[task]));
    for (let row = 0; row < tasks.rows; row++) {
      if (reading.has(row) || (theirJobs.has(tasks.job[row]) && tasks.shuffle_read[row] > 0)) rows.tasks.add(row);
    }
  }
  const outputs = new Set();
  for (const task of rows.tasks) {
    if (tasks.stage[task] >= 0) rows.stages.add(tasks.stage[task]);
    if (tasks.job[task] >= 0) outputs.add(jobs.output_op[tasks.job[task]]);
  }
  for (let row = 0; row < operations.rows; row++) {
    const its = times.has(operations.batch_time_ms[row]) && (!outputs.size || outputs.has(operations.output_op[row]));
    if (its && (operation === null || operations.output_op[row] === operation)) rows.operations.add(row);
  }
}

/** Pairs of bars to join by a line: records to block, block to batch and to tasks, batch to output. */
function linksOf(run, { rows, names }) {
  const links = [];
  const bar = (table, row) => run.barsOf[table].get(row)?.[0];
  const join = (from, to) => from !== undefined && to !== undefined && links.push([from, to]);
  for (const table of ["blocks", "ranges"]) {
    const { block_id: name, batch_time_ms: time } = run.tables[table];
    const { reads, stretches, batches } = run.tables;
    for (const row of rows[table]) {
      for (const each of rows.stretches) {
        if (stretches.block_id[each] === name[row]) join(bar("stretches", each), bar(table, row));
      }
      for (const batch of rows.batches) {
        if (batches.batch_time_ms[batch] === time[row]) join(bar(table, row), bar("batches", batch));
      }
      for (let read = 0; read < reads.rows; read++) {
        if (reads.block_id[read] !== name[row] || !rows.tasks.has(reads.task[read])) continue;
        join(bar(table, row), bar("tasks", reads.task[read]));
      }
    }
  }
  if (names.size) {
    for (const batch of rows.batches) {
      for (const operation of rows.operations) {
        const its = run.tables.operations.batch_time_ms[operation] === run.tables.batches.batch_time_ms[batch];
        if (its) join(bar("batches", batch), bar("operations", operation));
      }
    }
  }
  return links;
}
