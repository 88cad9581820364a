"""A run's folder: who asks about it, when, and how often."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from model.checkpoint import CheckpointError
from model.runstate import CONFIG_FILE, STATE_FILE, RunIdentity, check_same_run
from tests.model.samples import tiny_run

ASKERS = 8


def test_processes_that_ask_at_once_never_read_half_a_configuration(tmp_path: Path) -> None:
    asked, together = RunIdentity(config=tiny_run(epochs=1), data="d"), Barrier(ASKERS)

    def ask(folder: Path) -> bool:
        together.wait()
        return check_same_run(folder, asked)

    with ThreadPoolExecutor(ASKERS) as pool:
        for turn in range(30):
            folder = tmp_path / str(turn)
            folder.mkdir()
            assert not any(pool.map(ask, [folder] * ASKERS))
            written = (folder / CONFIG_FILE).read_text(encoding="utf-8")
            assert RunIdentity.model_validate_json(written) == asked
            assert [path.name for path in folder.iterdir()] == [CONFIG_FILE]


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    first = RunIdentity(config=tiny_run(epochs=1), data="d")
    check_same_run(tmp_path, first)
    (tmp_path / STATE_FILE).touch()
    assert check_same_run(tmp_path, first)
    for other, difference in (
        (RunIdentity(config=tiny_run(epochs=2), data="d"), "config.train.epochs: expected 2, foun"),
        (RunIdentity(config=tiny_run(epochs=1), data="e"), "data: expected e, found d"),
        (RunIdentity(config=tiny_run(epochs=1), data="d", start="w"), "start: expected w, found N"),
    ):
        with pytest.raises(CheckpointError, match=difference):
            check_same_run(tmp_path, other)


def test_a_first_try_that_came_to_nothing_binds_nobody(tmp_path: Path) -> None:
    check_same_run(tmp_path, RunIdentity(config=tiny_run(epochs=1), data="d"))
    second = RunIdentity(config=tiny_run(epochs=2), data="d")
    assert not check_same_run(tmp_path, second)
    written = (tmp_path / CONFIG_FILE).read_text(encoding="utf-8")
    assert RunIdentity.model_validate_json(written) == second


def test_weights_without_a_runs_state_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "best.safetensors").touch()
    with pytest.raises(CheckpointError, match=r"found best\.safetensors and no"):
        check_same_run(tmp_path, RunIdentity(config=tiny_run(epochs=1), data="d"))
    assert not (tmp_path / CONFIG_FILE).exists()


def test_a_run_that_ended_between_its_first_weights_and_its_state_begins_again(
    tmp_path: Path,
) -> None:
    mine = RunIdentity(config=tiny_run(epochs=1), data="d")
    check_same_run(tmp_path, mine)
    (tmp_path / "best.safetensors").touch()
    assert not check_same_run(tmp_path, mine)
