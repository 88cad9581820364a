from datetime import UTC, datetime
from importlib import import_module

from benchmarks.figure import Figure, time_of
from benchmarks.machine import Machine, this_machine
from benchmarks.run import PREFIX, list_benchmarks, make_table

MACHINE = Machine(
    processor="a processor",
    cores=2,
    memory_gib=24.0,
    system="Linux",
    packages="numpy 2.4.6",
    commit="abc1234",
    measured_at=datetime(2026, 11, 22, 12, 30, tzinfo=UTC),
)


def test_the_table_names_machine_commit_and_every_figure() -> None:
    figures = [Figure("scored", 12.3456, "squares/s", 0.5), Figure("kept", 7, "MiB")]

    lines = make_table(MACHINE, {"scoring": figures}).splitlines()

    assert "a processor, 2 cores, 24 GiB; Linux" in lines[4]
    assert "commit abc1234, 2026-11-22 12:30 UTC" in lines[4]
    assert lines[-2:] == [
        "| scoring | scored | 12.35 squares/s | 0.5 squares/s |",
        "| scoring | kept | 7 MiB |  |",
    ]


def test_every_benchmark_can_be_loaded_and_measures_something() -> None:
    names = list_benchmarks()

    assert "start" in names
    assert [
        n for n in names if not callable(import_module(f"benchmarks.{PREFIX}{n}").measure)
    ] == []


def test_a_time_is_the_median_of_the_repetitions_after_the_first() -> None:
    done: list[int] = []

    figure = time_of("appending", lambda: done.append(1), repetitions=4)

    assert len(done) == 5
    assert figure.unit == "ms"


def test_this_machine_has_cores_and_memory() -> None:
    machine = this_machine()

    assert machine.cores >= 1
    assert machine.memory_gib > 0
