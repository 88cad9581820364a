"""A worker process: loads the network, makes it known, and takes jobs until told to stop."""

import shutil
from dataclasses import dataclass
from os import getpid
from pathlib import Path
from threading import Event

import structlog

from model.checkpoint import card_path
from model.predict import DEFAULT_WEIGHTS, Scorer
from service.blobs import BlobStore
from service.database import Database
from service.job_loop import JobLoop
from service.queries.models import register_model
from service.settings import Settings
from service.worker_scoring import ScoreWork

log = structlog.get_logger()


def run_worker(settings: Settings, database: Database, stop: Event) -> None:
    """Score what is asked for until told to stop.

    Raises:
        CheckpointError: if the weights are missing or cannot be trusted.
    """  # noqa: DOC502 - raised by `Scorer.load`
    shelf = WeightsShelf(settings.data_dir / "models", settings.device)
    weights = settings.weights or DEFAULT_WEIGHTS
    scorer = Scorer.load(weights, settings.device)
    shelf.keep(weights, scorer.model_id)
    with database.write() as session:
        register_model(
            session,
            scorer.model_id,
            card=scorer.card.model_dump(mode="json"),
            sha256=scorer.card.sha256,
        )
    blobs = BlobStore(settings.blob_dir, settings.blob_row_bytes)
    work = ScoreWork(database, blobs, scorer, load=shelf.load, device=str(scorer.device))
    loop = JobLoop(settings, database, work)
    try:
        loop.run(stop)
    finally:
        loop.close()


@dataclass(frozen=True)
class WeightsShelf:
    """The weights a service has seen, by model id: what is promoted later is found again here."""

    folder: Path
    device: str

    def keep(self, weights: Path, model_id: str) -> None:
        """Copy weights and their card, unless they are kept already."""
        place = self._place(model_id)
        if place.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(card_path(weights), card_path(place))
        aside = place.with_name(f".{model_id}-{getpid()}.part")
        shutil.copyfile(weights, aside)
        aside.replace(place)

    def load(self, model_id: str) -> Scorer:
        """Load kept weights.

        Raises:
            CheckpointError: if they are not there, or not what their card says.
        """  # noqa: DOC502 - raised by `Scorer.load`
        log.info("loading the promoted model", model=model_id)
        return Scorer.load(self._place(model_id), self.device)

    def _place(self, model_id: str) -> Path:
        return self.folder / f"{model_id}.safetensors"
