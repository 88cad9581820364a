"""What a worker does: one tile's squares, from stored crops to scores in one transaction."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import cv2
import numpy as np
import structlog
from numpy.typing import NDArray

from model.predict import SquareScore
from model.preprocess import Crop
from service.blobs import BlobStore
from service.database import Database
from service.errors import NotFoundError
from service.job_queue import ScoreRequest
from service.queries.jobs import StartedJob
from service.queries.models import find_current_model
from service.queries.scores import (
    Grades,
    ScoreResult,
    SquareToScore,
    add_scores,
    list_score_requests,
    list_squares_to_score,
)
from service.stored_crops import BadCropError, read_crop
from service.sweep import sweep
from service.tables import SquareStatus

KEEP_UNNAMED = timedelta(hours=1)
"""How long pictures stay that nothing shows: those of squares still to come are among them."""

log = structlog.get_logger()


class Network(Protocol):
    """A network that scores crops."""

    @property
    def model_id(self) -> str:
        """Get the name of its weights."""

    def score(self, crops: Sequence[Crop]) -> Sequence[SquareScore]:
        """Score crops, in their order."""


class ScoreWork:
    """The squares of a tile as a worker's job."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        network: Network,
        load: Callable[[str], Network],
        device: str,
    ) -> None:
        """Prepare for work.

        Args:
            database: Where squares and scores are.
            blobs: Where crops are.
            network: What is loaded already.
            load: Loads another network by its model id, once it is current.
            device: What the network runs on, for people.
        """
        self.device = device
        self._database = database
        self._blobs = blobs
        self._network = network
        self._load = load

    @property
    def model_id(self) -> str:
        """Get the name of the weights that are loaded."""
        return self._network.model_id

    def do(self, job: StartedJob) -> None:
        """Score what the job's tile has to score now: squares scored meanwhile are left alone."""
        network = self._current_network()
        squares = self._list_squares(job, network.model_id)
        results, crops = self._read_crops(squares, network.model_id)
        wanted = [square for square in squares if square.id in crops]
        if wanted:
            scores = network.score([crops[square.id] for square in wanted])
            results += [
                _to_result(square, score, network.model_id)
                for square, score in zip(wanted, scores, strict=True)
            ]
        self._store(results)
        log.info("tile scored", tile=str(job.tile_id), squares=len(wanted))

    def give_up(self, job: StartedJob, reason: str) -> None:
        """Mark the tile's squares as failed, so that people see why they have no score."""
        with self._database.read() as session:
            model = find_current_model(session)
        if model is None:
            return
        squares = self._list_squares(job, model.id)
        self._store([_failed(square, reason, model.id) for square in squares])

    def list_wanted(self) -> Iterable[ScoreRequest]:
        """List all tiles with squares to score."""
        with self._database.read() as session:
            return list_score_requests(session)

    def tidy(self) -> None:
        """Remove pictures that nothing shows any more."""
        removed = sweep(self._database, self._blobs, KEEP_UNNAMED)
        if removed:
            log.info("removed pictures that nothing shows", pictures=removed)

    def _current_network(self) -> Network:
        """Get the network that squares are to be scored with, loading it where it is a new one."""
        with self._database.read() as session:
            current = find_current_model(session)
        if current is not None and current.id != self._network.model_id:
            self._network = self._load(current.id)
        return self._network

    def _list_squares(self, job: StartedJob, model_id: str) -> list[SquareToScore]:
        if job.tile_id is None:
            raise ValueError(f"job {job.id} names no tile")
        with self._database.read() as session:
            return list_squares_to_score(session, job.tile_id, model_id)

    def _read_crops(
        self, squares: Sequence[SquareToScore], model_id: str
    ) -> tuple[list[ScoreResult], dict[UUID, Crop]]:
        """Read crops; one that cannot be read is that square's failure and nobody else's."""
        failed, crops = [], {}
        for square in squares:
            try:
                crops[square.id] = read_crop(self._database, self._blobs, square)
            except (NotFoundError, BadCropError) as error:
                failed.append(_failed(square, f"its crop cannot be read: {error}", model_id))
        return failed, crops

    def _store(self, results: list[ScoreResult]) -> None:
        with self._database.write() as session:
            add_scores(session, results)


def encode_map(attention: NDArray[np.uint8] | None) -> bytes | None:
    """Encode an attention map, uint8 of shape (h, w), as a PNG file; None stays None.

    Raises:
        ValueError: if the map cannot be encoded.
    """
    if attention is None:
        return None
    done, data = cv2.imencode(".png", attention)
    if not done:
        raise ValueError(f"cannot encode a map of shape {attention.shape} {attention.dtype}")
    return data.tobytes()


def _to_result(square: SquareToScore, score: SquareScore, model_id: str) -> ScoreResult:
    return ScoreResult(
        square_id=square.id,
        model_id=model_id,
        input_key=square.input_key,
        status=SquareStatus(score.status.value),
        reason=score.reason,
        grades=_grades(
            score.brightness,
            score.squareness,
            score.cracking,
            score.contamination,
            score.overall,
        ),
        grades_sd=_grades(
            score.brightness_sd,
            score.squareness_sd,
            score.cracking_sd,
            score.contamination_sd,
            score.overall_sd,
        ),
        attention_cracking=encode_map(score.attention_cracking),
        attention_contamination=encode_map(score.attention_contamination),
    )


def _grades(*values: float | None) -> Grades | None:
    """Put five figures together; None where the network gave none."""
    given = [value for value in values if value is not None]
    return Grades(*given) if len(given) == len(values) else None


def _failed(square: SquareToScore, reason: str, model_id: str) -> ScoreResult:
    return ScoreResult(
        square_id=square.id,
        model_id=model_id,
        input_key=square.input_key,
        status=SquareStatus.FAILED,
        reason=reason,
    )
