// The state of the cluster at a moment, from the columns alone: what had begun by then and was not over.

/** Whether something that lasts from `start` until `end` is on at `at`; NaN as end: it never ended. */
function isOn(start, end, at) {
  return start <= at && !(end <= at);
}

/** Rows of batches that wait or work, of tasks that run, copies and cores per executor, blocks, receivers, logs. */
function stateAt(run, at) {
  const { batches, tasks, copies, blocks, executors, receivers, stretches } = run.tables;
  const state = { waiting: [], working: [], tasks: [], nextBlocks: [], executors: new Map(), receivers: [], backlog: [] };
  for (let row = 0; row < batches.rows; row++) {
    if (isOn(batches.submission_ms[row], batches.waited_ms[row], at)) state.waiting.push(row);
    if (isOn(batches.processing_start_ms[row], batches.over_ms[row], at)) state.working.push(row);
  }
  for (let row = 0; row < executors.rows; row++) {
    const name = textOf(run, "executors", "executor_id", row);
    const here = isOn(executors.added_ms[row], executors.removed_ms[row], at);
    if (!here && state.executors.has(name)) continue;
    state.executors.set(name, { here, cores: new Array(executors.cores[row]).fill(-1), copies: [], bytes: 0 });
  }
  for (let row = 0; row < tasks.rows; row++) {
    if (!isOn(tasks.start_ms[row], tasks.end_ms[row], at)) continue;
    state.tasks.push(row);
    const executor = state.executors.get(textOf(run, "tasks", "executor_id", row));
    if (executor) executor.cores[tasks.core[row]] = row;
  }
  for (let row = 0; row < copies.rows; row++) {
    if (!isOn(copies.start_ms[row], copies.end_ms[row], at)) continue;
    const executor = state.executors.get(textOf(run, "copies", "executor_id", row));
    if (!executor) continue;
    executor.copies.push(row);
    executor.bytes += copies.size_bytes[row];
  }
  for (let row = 0; row < blocks.rows; row++) {
    if (isOn(blocks.added_ms[row], blocks.left_ms[row], at)) state.nextBlocks.push(row);
  }
  for (let row = 0; row < receivers.rows; row++) {
    if (isOn(receivers.started_ms[row], receivers.stopped_ms[row], at)) state.receivers.push({ row, filling: [] });
  }
  for (let row = 0; row < stretches.rows; row++) {
    if (!isOn(stretches.start_ms[row], stretches.end_ms[row], at)) continue;
    const receiver = state.receivers.find((each) => receivers.stream_id[each.row] === stretches.stream_id[row]);
    receiver?.filling.push(row);
  }
  state.backlog = backlogAt(run, at);
  return state;
}

/** [log, records beyond the last batch's] for each log that is read directly. */
function backlogAt(run, at) {
  const { backlog } = run.tables;
  const found = new Map();
  for (let row = 0; row < backlog.rows; row++) {
    const source = textOf(run, "backlog", "source", row);
    if (backlog.time_ms[row] <= at) found.set(source, backlog.records[row]);
    else if (!found.has(source)) found.set(source, 0);
  }
  return [...found];
}

/** The number of a batch, which says its colour; -1 for none. */
function batchNumber(run, batchTime) {
  const { batch_ms: interval, first_batch_ms: first } = run.head;
  return Number.isNaN(batchTime) || !interval ? -1 : Math.round((batchTime - first) / interval);
}

/** Where a style of `run.head.styles` stands among the styles of bars. */
function styleNamed(run, name) {
  return -1 - run.head.styles.findIndex(([each]) => each === name);
}

/** The look of a batch, or of what belongs to none. */
function lookOfBatch(run, batchTime) {
  const number = batchNumber(run, batchTime);
  return styleOf(run, number < 0 ? styleNamed(run, "unassigned") : number);
}
