"""A run's folder: who asks about it, when, and how often."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from model.checkpoint import CheckpointError
from model.config import RunConfig
from model.runstate import CONFIG_FILE, check_same_run
from tests.model.samples import tiny_run

ASKERS = 8


def test_processes_that_ask_at_once_never_read_half_a_configuration(tmp_path: Path) -> None:
    config, together = tiny_run(epochs=1), Barrier(ASKERS)

    def ask(folder: Path) -> bool:
        together.wait()
        return check_same_run(folder, config)

    with ThreadPoolExecutor(ASKERS) as pool:
        for turn in range(30):
            folder = tmp_path / str(turn)
            folder.mkdir()
            assert not any(pool.map(ask, [folder] * ASKERS))
            written = (folder / CONFIG_FILE).read_text(encoding="utf-8")
            assert RunConfig.model_validate_json(written) == config
            assert [path.name for path in folder.iterdir()] == [CONFIG_FILE]


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    check_same_run(tmp_path, tiny_run(epochs=1))
    with pytest.raises(CheckpointError, match="found another one"):
        check_same_run(tmp_path, tiny_run(epochs=2))
