"""Lets `import pyspark` mean sparksim, module by module, for the length of a `with` block."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_loader
from types import ModuleType


class Alias(MetaPathFinder, Loader):
    """Finds `pyspark.x` where `sparksim.x` is: the very same module, under a second name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != "pyspark" or find_spec(_ours(fullname)) is None:
            return None
        return spec_from_loader(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(_ours(spec.name))
        spec.loader_state = module.__spec__  # importing writes the new one over it
        return module

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        assert spec is not None
        module.__spec__ = spec.loader_state


@contextmanager
def pyspark_means_sparksim() -> Iterator[None]:
    """A pyspark that is already imported stands aside, and comes back."""
    real = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "pyspark"}
    for name in real:
        del sys.modules[name]
    alias = Alias()
    sys.meta_path.insert(0, alias)
    try:
        yield
    finally:
        sys.meta_path.remove(alias)
        for name in [name for name in sys.modules if name.partition(".")[0] == "pyspark"]:
            del sys.modules[name]
        sys.modules.update(real)


def _ours(name: str) -> str:
    return "sparksim" + name.removeprefix("pyspark")
