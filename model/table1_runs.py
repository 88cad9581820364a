"""Runs of table 1 that have ended, kept in a file: a table that was stopped goes on after them."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from model.config import RunConfig
from model.dataset import DatasetError

_START = '{"key":'


class FinishedRun(BaseModel):
    """A line of the file. Its key is of all that decides the errors: data, split and settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    about: str
    errors: tuple[float, float, float, float, float]


class FinishedRuns:
    """Errors of runs by what decided them, in a file of one JSON object a line."""

    def __init__(self, path: Path | None) -> None:
        """Read what there is.

        Args:
            path: of the file, made where it is missing; None: nothing is kept.

        Raises:
            DatasetError: if a line is not a run's. A last one that was cut short is run again.
        """
        self._path = path
        self._errors: dict[str, tuple[float, ...]] = {}
        if path is None or not path.exists():
            return
        *whole, cut = path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(whole, 1):
            try:
                run = FinishedRun.model_validate_json(line)
            except ValidationError as error:
                raise DatasetError(f"{path}, line {number}: expected a run: {error}") from error
            self._errors[run.key] = run.errors
        if not _START.startswith(cut[: len(_START)]):
            raise DatasetError(f"{path}, last line: expected a run, found {cut[:40]!r}")
        if cut:
            path.write_text("".join(line + "\n" for line in whole), encoding="utf-8")

    def find(self, key: str) -> NDArray[np.float64] | None:
        """Errors of a run, (5,), if it has ended."""
        errors = self._errors.get(key)
        return None if errors is None else np.array(errors)

    def add(self, key: str, about: str, errors: NDArray[np.float64]) -> None:
        """Keep a run that has ended."""
        run = FinishedRun(key=key, about=about, errors=tuple(errors.tolist()))
        self._errors[key] = run.errors
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(run.model_dump_json() + "\n")


def key_of(config: RunConfig, data: str, split: str) -> str:
    """Hash of what decides a run's errors; its seed, which is in the config, decides what is held.

    Args:
        config: of the run.
        data: `Dataset.fingerprint`.
        split: what held-out squares are.
    """
    told = {"config": config.model_dump(mode="json"), "data": data, "split": split}
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]
