// Reads the packet of columns that sparksim/viz/columns.py writes, and gives its values to the rest.

const PACKET_VERSION = 1;
const ARRAYS = { b: Int8Array, h: Int16Array, i: Int32Array, s: Int32Array, d: Float64Array };
const DURATIONS = new Set(["scheduling_delay_ms", "processing_time_ms", "total_delay_ms", "duration_ms"]);
const YES_OR_NO = new Set(["failed", "speculative"]);

/** The run in a packet: `tables` of typed columns, `names` of the tables in the order in which bars number them. */
function readPacket(bytes) {
  const packet = new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
  const length = new DataView(packet.buffer, packet.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(packet.subarray(4, 4 + length)));
  if (head.version !== PACKET_VERSION) throw new Error(head.words?.unreadable ?? "unknown version of the packet");
  const body = packet.slice(4 + length).buffer; // a copy, because typed arrays must begin at multiples of their size
  const tables = {};
  for (const [name, { rows, columns }] of Object.entries(head.tables)) {
    const table = { rows, kinds: {} };
    for (const [column, [kind, offset]] of Object.entries(columns)) {
      table[column] = new ARRAYS[kind](body, offset, rows);
      table.kinds[column] = kind;
    }
    tables[name] = table;
  }
  const run = { head, tables, names: Object.keys(head.fact_columns), strings: head.strings };
  run.barsOf = barsOfRows(run);
  run.moments = momentsOf(run);
  return run;
}

/** For each table, the bars that show each of its rows. */
function barsOfRows(run) {
  const { table, row, rows } = run.tables.bars;
  const found = Object.fromEntries(run.names.map((name) => [name, new Map()]));
  for (let bar = 0; bar < rows; bar++) {
    if (table[bar] < 0) continue;
    const bars = found[run.names[table[bar]]];
    if (bars.has(row[bar])) bars.get(row[bar]).push(bar);
    else bars.set(row[bar], [bar]);
  }
  return found;
}

/** Every moment at which something begins, ends or happens, in order. */
function momentsOf(run) {
  const { bars, marks } = run.tables;
  const all = new Set([0, run.head.end_ms, ...bars.start_ms, ...bars.end_ms, ...marks.time_ms]);
  for (const [at] of run.head.faults) all.add(at);
  return Float64Array.from(all).filter((at) => at >= 0 && at <= run.head.end_ms).sort();
}

/** The text in a column of texts; "" where there is none. */
function textOf(run, table, column, row) {
  return run.strings[run.tables[table][column]?.[row]] ?? "";
}

/** The words for `key` in the language of the run, with `values` in their places. */
function say(run, key, values = {}) {
  return (run.head.words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** So many records, in words. */
function recordsText(run, count) {
  return say(run, count === 1 ? "at.record" : "at.records", { records: grouped(count) });
}

function seconds(ms, digits = 3) {
  return String(Number((ms / 1000).toFixed(digits)));
}

function duration(ms) {
  return ms < 1000 ? `${Number(ms.toFixed(1))} ms` : `${seconds(ms)} s`;
}

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const step = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** step).toFixed(1)} ${["B", "KiB", "MiB", "GiB"][step]}`;
}

/** One value as people read it, or "" for one that is not there. */
function factOf(run, table, column, row) {
  const columns = run.tables[table];
  if (columns.kinds[column] === "s") {
    const text = textOf(run, table, column, row);
    return run.head.words[`value.${text}`] ?? text;
  }
  const value = columns[column][row];
  if (Number.isNaN(value)) return "";
  if (DURATIONS.has(column)) return duration(value);
  if (column.endsWith("_ms")) return `${seconds(value)} s`;
  if (column.endsWith("_bytes")) return size(value);
  if (YES_OR_NO.has(column)) return say(run, value ? "yes" : "no");
  return grouped(value);
}
