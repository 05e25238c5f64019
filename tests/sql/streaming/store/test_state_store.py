"""States between batches: as a dictionary would have them, whatever way a version is reached."""

from __future__ import annotations

import shutil
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sql.streaming.store.folder import Folder
from sparksim.sql.streaming.store.provider import StateStoreProvider
from sparksim.sql.streaming.store.state_files import state_files

SPARK = Path(__file__).parents[3] / "data" / "structured" / "checkpoint"


def committed(provider: StateStoreProvider, version: int, **puts: object):
    """One batch: a key put to None is removed."""
    states = provider.open(version)
    for key, value in puts.items():
        states.remove(key) if value is None else states.put(key, value)
    return provider.commit(states)


def names(provider_path: str) -> list[str]:
    return [file.name for file in state_files(Folder(provider_path))]


# --- a batch ----------------------------------------------------------------------------------------------------------


def test_what_a_batch_puts_and_removes_is_seen_by_itself_at_once(checkpoint):
    states = StateStoreProvider(checkpoint, 0, 0).open(0)
    states.put("a", 1, expires_us=30)
    states.put("b", 2, expires_us=10)
    states.put("c", 3)
    assert (states.get("a"), states.get("x"), len(states)) == (1, None, 3)
    assert states.expired(30) == ["b", "a"]
    states.remove("b")
    states.put("a", 4, expires_us=31)
    states.remove("nobody")
    assert states.expired(30) == []
    assert list(states.items()) == [("a", 4), ("c", 3)]
    assert len(states) == 2


def test_the_next_batch_finds_what_was_committed_and_nothing_of_what_was_given_up(checkpoint):
    provider = StateStoreProvider(checkpoint, 0, 0)
    committed(provider, 0, a=1, b=2)
    given_up = provider.open(1)
    given_up.put("a", 99)
    given_up.remove("b")
    provider.abort(given_up)
    assert list(provider.open(1).items()) == [("a", 1), ("b", 2)]


def test_a_commit_says_what_became_of_each_key(checkpoint):
    provider = StateStoreProvider(checkpoint, 3, 1, shown=4)
    first = provider.open(0)
    for key, expires_us in (("a", 5), ("b", 50), ("c", None)):
        first.put(key, len(key), expires_us)
    assert provider.commit(first).changes == (("'a'", "created", "1"), ("'b'", "created", "1"), ("'c'", "created", "1"))
    second = provider.open(1)
    for key in second.expired(20):
        second.remove(key)
    second.put("c", "x" * 100)
    second.put("short", "lived")
    second.remove("short")
    second.remove("b")
    second.put("d", 1)
    second.put("e", 1)
    found = provider.commit(second)
    assert [(key, change) for key, change, _ in found.changes] == [
        ("'a'", "expired"),
        ("'c'", "updated"),
        ("'b'", "removed"),
        ("'d'", "created"),
    ]
    assert len(found.changes[1][2]) == 80
    assert (found.version, found.keys, found.updated, found.removed, found.left_out) == (2, 3, 3, 2, 1)
    assert found.file == "state/3/1/2.delta"


def test_stores_of_a_join_have_folders_of_their_own(checkpoint):
    committed(StateStoreProvider(checkpoint, 0, 2), 0, a=1)
    committed(StateStoreProvider(checkpoint, 0, 2, "left-keyToNumValues"), 0, a=1)
    assert names(f"{checkpoint}/state/0/2") == ["1.delta"]
    assert names(f"{checkpoint}/state/0/2/left-keyToNumValues") == ["1.delta"]


def test_keys_of_one_moment_expire_in_the_order_in_which_they_were_created(checkpoint):
    provider = StateStoreProvider(checkpoint, 0, 0)
    states = provider.open(0)
    for key in ("z", ("a", 1), 3, b"x", "b"):
        states.put(key, 1, expires_us=7)
    provider.commit(states)
    again = provider.open(1)
    again.put("b", 2, expires_us=7)
    again.put("new", 2, expires_us=7)
    assert again.expired(7) == ["z", ("a", 1), 3, b"x", "b", "new"]
    assert again.expired(6) == []


# --- versions ---------------------------------------------------------------------------------------------------------


def test_a_batch_that_is_run_again_starts_where_it_started(checkpoint):
    provider = StateStoreProvider(checkpoint, 0, 0)
    committed(provider, 0, a=1, b=2, c=3)
    first = committed(provider, 1, a=None, b=20, d=4)
    assert list(provider.open(1).items()) == [("a", 1), ("b", 2), ("c", 3)]
    again = committed(provider, 1, a=None, b=20, d=4)
    assert again == first
    assert names(f"{checkpoint}/state/0/0") == ["1.delta", "2.delta"]
    assert list(provider.open(2).items()) == [("b", 20), ("c", 3), ("d", 4)]


def test_the_file_of_a_version_is_written_once(tmp_path):
    committed(StateStoreProvider(str(tmp_path), 0, 0), 0, a=1)
    folder = tmp_path / "state" / "0" / "0"
    before = (folder / "1.delta").read_bytes()
    other = StateStoreProvider(str(tmp_path), 0, 0)
    committed(other, 0, a=2)
    assert (folder / "1.delta").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["1.delta"]


@pytest.mark.parametrize("maintained", [True, False])
def test_every_version_can_be_read_from_files(checkpoint, maintained):
    provider = StateStoreProvider(checkpoint, 0, 0, min_deltas=3)
    for version in range(12):
        committed(provider, version, **{f"k{version}": version, f"k{version - 2}": None})
        if maintained:
            provider.maintain()
    for version in range(1, 13):
        expected = [(f"k{number}", number) for number in range(12) if version - 2 <= number < version]
        assert list(StateStoreProvider(checkpoint, 0, 0).open(version).items()) == expected


def test_a_snapshot_comes_when_more_than_so_many_deltas_have_followed_the_last(checkpoint):
    provider = StateStoreProvider(checkpoint, 0, 0, min_deltas=10)
    for version in range(24):
        committed(provider, version, a=version)
        provider.maintain()
    snapshots = [name for name in names(f"{checkpoint}/state/0/0") if "snapshot" in name]
    assert snapshots == ["11.snapshot", "22.snapshot"]


def test_files_go_that_no_kept_version_needs(checkpoint):
    provider = StateStoreProvider(checkpoint, 0, 0, min_deltas=2, retain=4)
    for version in range(12):
        committed(provider, version, **{f"k{version}": version})
        provider.maintain()
    assert names(f"{checkpoint}/state/0/0")[:3] == ["6.delta", "6.snapshot", "7.delta"]
    for version in range(8, 13):
        assert len(StateStoreProvider(checkpoint, 0, 0).open(version)) == version
    with pytest.raises(IllegalStateError, match=r"1\.delta is missing: the states of version 1 cannot be read"):
        StateStoreProvider(checkpoint, 0, 0).open(5)


def test_what_is_in_memory_needs_only_the_deltas_that_others_wrote_since(tmp_path):
    here, there = StateStoreProvider(str(tmp_path), 0, 0), StateStoreProvider(str(tmp_path), 0, 0)
    committed(here, 0, a=1)
    committed(there, 1, b=2)
    committed(there, 2, c=3)
    (tmp_path / "state" / "0" / "0" / "1.delta").unlink()
    assert list(here.open(3).items()) == [("a", 1), ("b", 2), ("c", 3)]


# --- what it costs ----------------------------------------------------------------------------------------------------


class Counted(str):
    """A key that counts how often a dictionary or a heap looks at one."""

    visits = 0
    __slots__ = ()

    def __hash__(self) -> int:
        Counted.visits += 1
        return str.__hash__(self)


def many(tmp_path: Path, count: int = 100_000):
    provider = StateStoreProvider(str(tmp_path), 0, 0)
    states = provider.open(0)
    for number in range(count):
        states.put(Counted(number), number, expires_us=number)
    provider.commit(states)
    Counted.visits = 0
    return provider


def test_a_batch_costs_what_it_touches(tmp_path):
    provider = many(tmp_path)
    states = provider.open(1)
    for key in states.expired(49):
        states.remove(key)
    for number in range(50_000, 50_050):
        states.put(Counted(number), 0, expires_us=number)
    found = provider.commit(states)
    assert (found.updated, found.removed, found.keys) == (50, 50, 99_950)
    assert Counted.visits < 100 * 30
    assert len((tmp_path / "state" / "0" / "0" / "2.delta").read_bytes()) < 100 * 20


def test_going_back_costs_what_the_batch_had_touched(tmp_path):
    provider = many(tmp_path)
    states = provider.open(1)
    for number in range(100):
        states.remove(Counted(number))
    provider.commit(states)
    Counted.visits = 0
    assert len(provider.open(1)) == 100_000
    assert Counted.visits < 100 * 10


def test_keys_that_are_put_off_again_and_again_fill_no_memory(tmp_path):
    provider = StateStoreProvider(str(tmp_path), 0, 0)
    for version in range(500):
        states = provider.open(version)
        for key in range(10):
            states.put(key, version, expires_us=version + 1000)
        provider.commit(states)
    assert provider.index_entries < 10 * 2 + 64 + 10
    assert provider.open(500).expired(1499) == list(range(10))


# --- refusals ---------------------------------------------------------------------------------------------------------


def damaged(path: Path, content: bytes) -> None:
    folder = path / "state" / "0" / "0"
    folder.mkdir(parents=True)
    (folder / "1.delta").write_bytes(content)
    StateStoreProvider(str(path), 0, 0).open(1)


def of_spark(path: Path) -> None:
    shutil.copytree(SPARK, path, dirs_exist_ok=True)
    StateStoreProvider(str(path), 0, 0).open(1)


def no_value(path: Path) -> None:
    StateStoreProvider(str(path), 0, 0).open(0).put("a", None)


def used_after_commit(path: Path) -> None:
    provider = StateStoreProvider(str(path), 0, 0)
    states = provider.open(0)
    provider.commit(states)
    states.get("a")


def committed_after_abort(path: Path) -> None:
    provider = StateStoreProvider(str(path), 0, 0)
    states = provider.open(0)
    provider.abort(states)
    provider.commit(states)


def overtaken(path: Path) -> None:
    provider = StateStoreProvider(str(path), 0, 0)
    slow = provider.open(0)
    committed(provider, 0, a=1)
    slow.put("a", 1)


def left_behind(path: Path) -> None:
    for version in range(3):
        committed(StateStoreProvider(str(path), 0, 0), version, a=version)
    provider = StateStoreProvider(str(path), 0, 0)
    provider.open(3)
    slow = provider.open(1)
    provider.open(3)
    provider.open(0)
    provider.commit(slow)


@pytest.mark.parametrize(
    ("act", "error", "problem"),
    [
        (lambda path: StateStoreProvider(str(path), 0, 0).open(1), IllegalStateError, r"1\.delta is missing: the st"),
        (lambda path: StateStoreProvider(str(path), 0, 0).open(-1), IllegalArgumentError, "version=-1: versions are"),
        (lambda path: StateStoreProvider(str(path), 0, 0, retain=-1), IllegalArgumentError, "retain=-1: give a whole"),
        (of_spark, IllegalStateError, r"1\.delta does not begin with 'sparksim states 1': real Spark or another"),
        (lambda path: damaged(path, b"sparksim states 1\nx"), IllegalStateError, r"1\.delta cannot be read \(error: "),
        (no_value, IllegalArgumentError, r"put\('a', None\): None is no state; remove the key instead"),
        (used_after_commit, IllegalStateError, "state/0/0 were committed: open the next version"),
        (committed_after_abort, IllegalStateError, "state/0/0 were given up: open the next version"),
        (overtaken, IllegalStateError, "opened at version 0 and are at 1 now: another task"),
        (left_behind, IllegalStateError, "while a task was changing version 1|opened at version 1 and are at"),
    ],
)
def test_what_cannot_be_done_is_refused(act, error, problem, tmp_path):
    with pytest.raises(error, match=problem):
        act(tmp_path)


# --- against a dictionary ---------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", 1, ("a", 2), b"x", (None, 3.5)])
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(0, 5), st.none() | st.integers(0, 9)),
        st.tuples(st.just("remove"), KEYS),
        st.tuples(st.just("evict"), st.integers(0, 9)),
    ),
    max_size=8,
)


class Model:
    """A dictionary in the order in which its keys were created, and what expires when."""

    def __init__(self, entries=()):
        self.entries = dict(entries)

    def do(self, action):
        if action[0] == "put":
            self.entries[action[1]] = action[2:]
        elif action[0] == "remove":
            self.entries.pop(action[1], None)
        else:
            for key in self.expired(action[1]):
                del self.entries[key]

    def expired(self, through_us):
        due = [(each[1], key) for key, each in self.entries.items() if each[1] is not None and each[1] <= through_us]
        return [key for _, key in sorted(due, key=lambda pair: pair[0])]

    def items(self):
        return [(key, value) for key, (value, _) in self.entries.items()]


def do(states, action):
    if action[0] == "put":
        states.put(*action[1:])
    elif action[0] == "remove":
        states.remove(action[1])
    else:
        for key in states.expired(action[1]):
            states.remove(key)


class Batches(RuleBasedStateMachine):
    """Batches are run, run again, given up and read from files by other executors; snapshots are taken in between."""

    @initialize()
    def begin(self):
        folder = fsspec.filesystem("memory")
        if folder.exists("/test-state-machine"):
            folder.rm("/test-state-machine", recursive=True)
        self.versions = [Model()]
        self.batches = []
        self.move()

    @rule()
    def move(self):
        self.provider = StateStoreProvider("memory://test-state-machine", 0, 0, min_deltas=2, retain=2)

    @rule(actions=ACTIONS)
    def batch(self, actions):
        model, states = Model(self.versions[-1].entries), self.provider.open(len(self.batches))
        for action in actions:
            model.do(action)
            do(states, action)
            assert list(states.items()) == model.items()
            assert states.expired(5) == model.expired(5)
        self.provider.commit(states)
        self.versions.append(model)
        self.batches.append(actions)

    @rule()
    def again(self):
        if self.batches:
            states = self.provider.open(len(self.batches) - 1)
            assert list(states.items()) == self.versions[-2].items()
            for action in self.batches[-1]:
                do(states, action)
            self.provider.commit(states)

    @rule(actions=ACTIONS)
    def given_up(self, actions):
        states = self.provider.open(len(self.batches))
        for action in actions:
            do(states, action)
        self.provider.abort(states)

    @rule()
    def maintain(self):
        self.provider.maintain()

    @invariant()
    def is_as_the_dictionary(self):
        states = self.provider.open(len(self.batches))
        model = self.versions[-1]
        assert list(states.items()) == model.items()
        assert len(states) == len(model.entries)
        assert [states.expired(time) for time in (0, 4, 9)] == [model.expired(time) for time in (0, 4, 9)]


TestBatches = Batches.TestCase
TestBatches.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True)


@given(batches=st.lists(ACTIONS, max_size=6))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_the_same_batches_make_the_same_files(batches):
    contents = []
    for number in range(2):
        path = f"memory://test-same-files/{number}"
        files = fsspec.filesystem("memory")
        if files.exists(path):
            files.rm(path, recursive=True)
        provider = StateStoreProvider(path, 0, 0)
        for version, actions in enumerate(batches):
            states = provider.open(version)
            for action in actions:
                do(states, action)
            provider.commit(states)
        folder = Folder(f"{path}/state/0/0")
        contents.append([folder.read(name) for name in folder.names()])
    assert contents[0] == contents[1]
