"""Which files a batch reads, and which it never will. Times are virtual: real files get their dates from `os.utime`."""

from __future__ import annotations

import os

import fsspec
import pytest

from sparksim.core.errors import IllegalArgumentError, InvalidInput, SparkException, SparkJobError
from sparksim.sim.files import SimulatedFiles
from sparksim.streaming.file_dstream import is_in_window, window_ms
from sparksim.trace.events import BatchCompleted, BatchSubmitted, JobStart


@pytest.fixture
def place():
    """`place(app, files)` puts files where `app` finds them under `sim:`."""
    placed = []

    def mount(app, files):
        placed.append(SimulatedFiles(app.clock, files))
        placed[-1].mount()
        return placed[-1]

    yield mount
    for files in placed:
        files.unmount()


def write(path, text, modified_s):
    """A real file with a modification time in seconds since 1970: since the start of virtual time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (modified_s, modified_s))


def with_records(batches):
    return [(time_ms, records) for time_ms, records in batches if records]


# --- the window -------------------------------------------------------------------------------------------------------


def test_a_file_is_read_by_the_first_batch_at_or_after_its_modification(app, place):
    app = app()
    place(app, {"sim://in/a.txt": (2.5, "one\ntwo\n"), "sim://in/b.txt": (4, "three")})
    batches = app.collect(app.ssc.textFileStream("sim://in"))
    app.run(5.9)
    assert batches == [
        (1000, []),
        (2000, []),
        (3000, ["one", "two"]),
        (4000, ["three"]),
        (5000, []),
    ]


def test_at_100_s_with_slides_of_2_s_files_count_that_are_younger_than_40_s(app, place):
    app = app(batch=2)
    moments = {"old": 40, "just": 40.001, "middle": 70, "now": 100, "future": 100.001}
    place(app, {f"sim://in/{name}": (99, name, moment) for name, moment in moments.items()})
    batches = app.collect(app.ssc.textFileStream("sim://in"))
    app.run(101)
    assert with_records(batches) == [(100_000, ["just", "middle", "now"])]
    app.run(161)
    assert with_records(batches)[1:] == [(102_000, ["future"])]


@pytest.mark.parametrize(("modified_ms", "taken"), [(40_000, False), (40_001, True), (100_000, True), (100_001, False)])
def test_the_rule_itself(modified_ms, taken):
    assert is_in_window(modified_ms, 100_000, window_ms(2_000, 60_000), 0) is taken


def test_the_window_is_made_of_whole_slides():
    assert window_ms(7_000, 60_000) == 63_000
    assert window_ms(2_000, 60_000) == 60_000
    assert window_ms(90_000, 60_000) == 90_000


def test_files_that_were_there_before_the_stream_are_left_alone(app, place):
    app = app()
    place(app, {"sim://in/before.txt": (0, "before"), "sim://in/after.txt": (1.5, "after")})
    app.clock.sleep(1000)
    batches = app.collect(app.ssc.textFileStream("sim://in"))
    app.run(5.9)
    assert with_records(batches) == [(2000, ["after"])]


def test_file_stream_can_read_them_too_unless_they_are_older_than_the_window(app, place):
    app = app()
    place(app, {"sim://in/a.txt": (0, "young", -50), "sim://in/b.txt": (0, "old", -60)})
    batches = app.collect(app.ssc.fileStream("sim://in", newFilesOnly=False))
    app.run(3.9)
    assert with_records(batches) == [(1000, ["young"])]


def test_a_file_moved_in_with_an_old_modification_time_is_never_read(app, place):
    app = app()
    place(app, {"sim://in/moved.txt": (70, "moved", 5), "sim://in/fresh.txt": (70, "fresh")})
    batches = app.collect(app.ssc.textFileStream("sim://in"))
    app.run(75.9)
    assert with_records(batches) == [(70_000, ["fresh"])]


def test_a_rename_brings_a_file_in_with_its_own_time(app, place):
    app = app()
    files = place(app, {"sim://elsewhere/a.txt": (1.5, "a")})
    batches = app.collect(app.ssc.textFileStream("sim://in"))
    app.run(4.5)
    fsspec.core.url_to_fs("sim://in")[0].mv("sim://elsewhere/a.txt", "sim://in/a.txt")
    app.run(8.9)
    assert with_records(batches) == [(5000, ["a"])]
    assert files.info("in/a.txt")["mtime"] == 1.5


def test_a_file_that_was_read_is_not_read_again_when_it_changes(app, tmp_path):
    app = app()
    write(tmp_path / "a.txt", "first", 0.5)
    batches = app.collect(app.ssc.textFileStream(str(tmp_path)))
    app.run(1.5)
    write(tmp_path / "a.txt", "second", 2.5)
    app.run(5.9)
    assert batches[0] == (1000, ["first"])
    assert len(with_records(batches)) == 1


def test_what_was_read_is_forgotten_after_the_window_and_then_a_change_counts(app, tmp_path):
    app = app(settings={"spark.streaming.fileStream.minRememberDuration": "3s"})
    write(tmp_path / "a.txt", "first", 0.5)
    batches = app.collect(app.ssc.textFileStream(str(tmp_path)))
    app.run(6.5)
    write(tmp_path / "a.txt", "second", 6.8)
    app.run(9.9)
    assert with_records(batches) == [(1000, ["first"]), (7000, ["second"])]


def test_the_old_name_of_the_setting_counts_with_a_warning_and_the_new_name_wins(app, place):
    app = app(settings={"spark.streaming.minRememberDuration": "2"})
    place(app, {"sim://in/a.txt": (6, "a", 3.5), "sim://in/b.txt": (6, "b", 4.5)})
    batches = app.collect(app.ssc.textFileStream("sim://in"))
    app.run(8.9)
    assert with_records(batches) == [(6000, ["b"])]
    assert (
        "spark.streaming.minRememberDuration is the deprecated name of a setting: use "
        "spark.streaming.fileStream.minRememberDuration"
    ) in app.warnings()


def test_the_new_name_of_the_setting_wins(app, place):
    both = {"spark.streaming.minRememberDuration": "2", "spark.streaming.fileStream.minRememberDuration": "3s"}
    app = app(settings=both)
    place(app, {"sim://in/a.txt": (6, "a", 3.5)})
    batches = app.collect(app.ssc.textFileStream("sim://in"))
    app.run(7.9)
    assert with_records(batches) == [(6000, ["a"])]


# --- what counts as a file --------------------------------------------------------------------------------------------


def test_names_with_a_dot_are_hidden_and_directories_come_in_order(app, tmp_path):
    app = app()
    for day, name in (("mon", "b"), ("mon", "a"), ("tue", "c"), ("mon", ".hidden"), ("wed", "d")):
        write(tmp_path / day / name, name, 0.5)
    found = []
    app.ssc.textFileStream(f"{tmp_path}/{{mon,tue}}").foreachRDD(lambda rdd: found.append(rdd.collect()))
    app.run(2.9)
    assert found == [["a", "b", "c"], []]


def test_a_new_directory_inside_is_itself_taken_for_a_file(app, tmp_path):
    app = app()
    write(tmp_path / "inner" / "a.txt", "a", 0.1)
    os.utime(tmp_path / "inner", (0.5, 0.5))
    batches = app.collect(app.ssc.textFileStream(str(tmp_path)))
    app.run(2.9)
    assert with_records(batches) == [(1000, ["a"])]


def test_a_filter_of_ones_own_sees_the_path(app, tmp_path):
    app = app()
    seen = []
    write(tmp_path / "a.csv", "yes", 0.5)
    write(tmp_path / "b.tmp", "no", 0.5)

    def is_csv(path):
        seen.append(path)
        return path.endswith(".csv")

    batches = app.collect(app.ssc.fileStream(f"file:{tmp_path}", filter=is_csv))
    app.run(1.9)
    assert with_records(batches) == [(1000, ["yes"])]
    assert seen == [f"file:{tmp_path}/a.csv", f"file:{tmp_path}/b.tmp"]


def test_files_of_another_file_system(app):
    app = app("local[2]", batch=0.1)
    memory = fsspec.filesystem("memory")
    memory.pipe("/watched/before.txt", b"before")
    lines = []
    app.ssc.fileStream("memory://watched", newFilesOnly=False).foreachRDD(lambda rdd: lines.extend(rdd.collect()))
    app.run(app.clock.now_ms / 1000 + 0.3)
    memory.rm("/watched", recursive=True)
    assert lines == ["before"]


# --- what a batch looks like ------------------------------------------------------------------------------------------


def test_each_file_has_partitions_of_its_own_and_the_batch_reports_no_records(app, place):
    app = app()
    place(app, {f"sim://in/{name}": (0.5, name) for name in "abc"})
    partitions = []
    app.ssc.textFileStream("sim://in").foreachRDD(lambda rdd: partitions.append((rdd.getNumPartitions(), rdd.count())))
    app.run(2.9)
    assert partitions == [(3, 3), (0, 0)]
    assert [event.records for event in app.of(BatchSubmitted)] == [((0, 0),), ((0, 0),)]
    assert {event.batch_time_ms for event in app.of(JobStart)} == {1000}


def test_fixed_length_records(app, place):
    app = app()
    place(app, {"sim://in/r.bin": (0.5, b"abcdef")})
    batches = app.collect(app.ssc.binaryRecordsStream("sim://in", 2))
    app.run(1.9)
    assert batches == [(1000, [b"ab", b"cd", b"ef"])]


def test_the_output_of_one_stream_is_the_input_of_another_if_a_filter_keeps_success_out(app, place):
    app = app()
    place(app, {"sim://in/a.txt": (0.5, "a")})
    app.ssc.textFileStream("sim://in").map(str.upper).saveAsTextFiles("sim://out/upper")
    batches = app.collect(app.ssc.fileStream("sim://out/upper-1000", filter=lambda path: "/part-" in path))
    app.run(3.9)
    assert with_records(batches) == [(2000, ["A"])]


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_an_empty_file_is_worth_a_warning(app, place):
    app = app()
    place(app, {"sim://in/empty.txt": (0.5, "")})
    batches = app.collect(app.ssc.textFileStream("sim://in"))
    app.run(2.9)
    assert with_records(batches) == []
    assert app.warnings() == [
        "File sim://in/empty.txt has no data in it, and what is written to it later is not read: write files elsewhere "
        "and move them into the directory when they are complete"
    ]


def test_a_missing_directory_is_a_warning_and_is_found_when_it_is_there(app, place):
    app = app()
    place(app, {"sim://in/a.txt": (2.5, "a")})
    batches = app.collect(app.ssc.textFileStream("sim://in"))
    app.run(4.9)
    assert with_records(batches) == [(3000, ["a"])]
    assert app.warnings() == ["No directory to scan: sim://in names none. Its files are read once it exists"]


def test_a_directory_that_cannot_be_listed_is_a_warning_and_the_batch_goes_on_without_files(app):
    app = app()
    batches = app.collect(app.ssc.textFileStream("nowhere://in"))
    app.run(3.9)
    assert batches == [(1000, []), (2000, []), (3000, [])]
    (warning,) = app.warnings()
    assert warning.startswith("Error finding new files under nowhere://in: ValueError: Protocol not known: nowhere")


def test_a_filter_that_raises_costs_the_batch_all_its_files(app, place):
    app = app()
    place(app, {"sim://in/a.txt": (0.5, "a"), "sim://in/b.txt": (0.5, "b")})
    asked = []

    def knows_a_only(path):
        asked.append(path)
        return {"sim://in/a.txt": True}[path]

    batches = app.collect(app.ssc.fileStream("sim://in", filter=knows_a_only))
    app.run(1.9)
    assert batches == [(1000, [])]
    assert asked == ["sim://in/a.txt", "sim://in/b.txt"]
    assert "Error finding new files under sim://in: KeyError: 'sim://in/b.txt'" in app.warnings()[0]


def test_a_slow_listing_is_worth_a_warning(app, place):
    app = app()
    place(app, {"sim://in/a.txt": (0.5, "a")})

    def slow(path):
        app.clock.sleep(1500)
        return True

    app.collect(app.ssc.fileStream("sim://in", filter=slow))
    app.run(3.9)
    assert app.warnings() == [
        "Finding new files under sim://in took 1500 ms, longer than the batch interval of 1000 ms: use a longer one, "
        "or keep fewer files there"
    ]


def test_files_of_todays_disk_are_in_the_future_of_a_simulation(app, tmp_path):
    app = app()
    (tmp_path / "a.txt").write_text("a")
    batches = app.collect(app.ssc.textFileStream(str(tmp_path)))
    app.run(2.9)
    assert with_records(batches) == []
    assert app.warnings() == [
        f"Files under {tmp_path} have modification times in the future of this run's clock, and wait until it gets "
        "there. A simulation starts in 1970: give it simulated files"
    ]


def test_a_name_with_an_underscore_is_chosen_but_cannot_be_read(app, place):
    app = app()
    place(app, {"sim://in/_a.txt": (0.5, "a")})
    app.collect(app.ssc.textFileStream("sim://in"))
    with pytest.raises(InvalidInput, match=r"Input path does not exist: sim://in/_a.txt"):
        app.run(2.9)


def test_a_file_that_is_gone_when_its_task_reads_it_fails_the_batch(app, place):
    app = app()
    files = place(app, {"sim://in/a.txt": (0.5, "a")})

    def remove(rdd):
        files.remove("in/a.txt")
        rdd.count()

    app.ssc.textFileStream("sim://in").foreachRDD(remove)
    with pytest.raises(SparkJobError, match=r"sim://in/a.txt does not exist at 1"):
        app.run(3.9)
    assert [event.failed for event in app.of(BatchCompleted)] == [True]


def test_a_directory_in_a_directory_fails_the_batch(app, tmp_path):
    app = app()
    write(tmp_path / "inner" / "deeper" / "a.txt", "a", 0.1)
    os.utime(tmp_path / "inner", (0.5, 0.5))
    app.collect(app.ssc.textFileStream(str(tmp_path)))
    with pytest.raises(SparkException, match=r"not a file: .*deeper. Directories are read one level deep"):
        app.run(2.9)


def test_a_file_with_half_a_record_fails_the_batch(app, place):
    app = app()
    place(app, {"sim://in/r.bin": (0.5, b"abc")})
    app.collect(app.ssc.binaryRecordsStream("sim://in", 2))
    with pytest.raises(SparkJobError, match=r"sim://in/r.bin ends with 1 bytes, which is no whole record of 2 bytes"):
        app.run(2.9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda ssc: ssc.textFileStream(""), "directory='': give the path of a directory, such as 'data/in'"),
        (lambda ssc: ssc.textFileStream(None), "directory=None: give the path of a directory"),
        (lambda ssc: ssc.binaryRecordsStream("in", 0), "recordLength=0: give the bytes of one record, 1 or more"),
        (lambda ssc: ssc.binaryRecordsStream("in", 2.5), "recordLength=2.5: give the bytes of one record"),
        (lambda ssc: ssc.fileStream("in", filter="*.csv"), r"filter='\*\.csv': give a function of the path"),
    ],
)
def test_bad_arguments(app, make, message):
    app = app()
    with pytest.raises(IllegalArgumentError, match=f"^{message}"):
        make(app.ssc)
    assert app.ssc._graph.inputs == []


def test_a_window_of_no_length_is_refused(app):
    app = app(settings={"spark.streaming.fileStream.minRememberDuration": "500ms"})
    with pytest.raises(
        IllegalArgumentError, match=r"minRememberDuration='500ms': this makes 0 whole seconds, a window"
    ):
        app.ssc.textFileStream("in")
