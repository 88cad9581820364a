"""A sink in memory: what a whole folder adds up to, for screening without a service."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.atlas import Survey
from ingest.film import FilmLevels
from ingest.records import (
    AtlasKey,
    AtlasRecord,
    GridRecord,
    SessionRecord,
    SquareRecord,
    SquareSet,
    TileRecord,
    TileState,
)


@dataclass(frozen=True)
class ScreenedCrop:
    """A square and its crop, uint8 (640, 640), root-coded; None where none could be cut."""

    record: SquareRecord
    pixels: NDArray[np.uint8] | None
    full_scale: float
    has_stage: bool = True


@dataclass(frozen=True)
class ScreenedAtlas:
    """An atlas and all its squares."""

    session_key: str | None
    sample: int | None
    epu_atlas_id: int | None
    levels: FilmLevels | None
    squares: tuple[ScreenedCrop, ...]
    survey: Survey | None = None
    mesh_pitch_um: float | None = None

    @property
    def key(self) -> AtlasKey | None:
        """Its natural key; None for a bare image."""
        if self.session_key is None or self.sample is None or self.epu_atlas_id is None:
            return None
        return AtlasKey(
            session_key=self.session_key, sample=self.sample, epu_atlas_id=self.epu_atlas_id
        )


class MemorySink:
    """Keeps the newest of every record, and the bytes of every crop."""

    def __init__(self) -> None:
        self._atlases: dict[AtlasKey, AtlasRecord] = {}
        self._tiles: dict[tuple[AtlasKey, str], TileRecord] = {}
        self._squares: dict[AtlasKey, SquareSet] = {}
        self._blobs: dict[str, bytes] = {}

    def put_session(self, record: SessionRecord) -> None:
        """Nothing of it is needed."""

    def put_grid(self, record: GridRecord) -> None:
        """Nothing of it is needed."""

    def put_atlas(self, record: AtlasRecord) -> None:
        """Keep an atlas."""
        self._atlases[record.key] = record

    def put_tile(self, record: TileRecord) -> None:
        """Keep a tile."""
        self._tiles[record.atlas, record.name] = record

    def put_squares(self, record: SquareSet) -> None:
        """Keep an atlas' squares."""
        self._squares[record.atlas] = record

    def missing_blobs(self, sha256: Sequence[str]) -> set[str]:
        """Hashes not seen before."""
        return {sha for sha in sha256 if sha not in self._blobs}

    def put_blob(self, sha256: str, data: bytes) -> None:
        """Keep lossless pixels; pictures for people are not needed."""
        self._blobs[sha256] = data if data.startswith(b"\x89PNG") else b""

    @property
    def placed(self) -> int:
        """Tiles that lie in their atlas."""
        return sum(record.state is TileState.PLACED for record in self._tiles.values())

    def unplaced(self) -> list[tuple[str, str]]:
        """Tiles that are not in their atlas, and why."""
        return [
            (name, record.reason or record.state.value)
            for (_, name), record in sorted(self._tiles.items(), key=lambda item: item[0][1])
            if record.state is not TileState.PLACED
        ]

    def atlases(self) -> list[ScreenedAtlas]:
        """All atlases, in order of session, sample and atlas id."""
        keys = sorted(self._atlases, key=lambda k: (k.session_key, k.sample, k.epu_atlas_id))
        return [self._atlas(key) for key in keys]

    def _atlas(self, key: AtlasKey) -> ScreenedAtlas:
        record, found = self._atlases[key], self._squares.get(key)
        levels = FilmLevels(record.film_level, record.vacuum_level) if record.film_level else None
        squares = tuple(self._square(square) for square in found.squares) if found else ()
        return ScreenedAtlas(
            key.session_key,
            key.sample,
            key.epu_atlas_id,
            levels,
            squares,
            mesh_pitch_um=record.mesh_pitch_um,
        )

    def _square(self, record: SquareRecord) -> ScreenedCrop:
        if record.crop_sha256 is None or record.crop_full_scale is None:
            return ScreenedCrop(record, None, 0.0)
        coded = np.frombuffer(self._blobs[record.crop_sha256], np.uint8)
        pixels = np.asarray(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED), np.uint8)
        return ScreenedCrop(record, pixels, record.crop_full_scale)
