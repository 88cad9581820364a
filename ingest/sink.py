"""Where records go: the service by HTTP, or memory for screening without a server."""

from collections.abc import Sequence
from typing import Protocol

from ingest.records import AtlasRecord, GridRecord, SessionRecord, SquareSet, TileRecord


class Sink(Protocol):
    """Takes what ingest has to say. Every call is idempotent; a call that returns has been kept."""

    def put_session(self, record: SessionRecord) -> None:
        """Keep a session."""

    def put_grid(self, record: GridRecord) -> None:
        """Keep a grid."""

    def put_atlas(self, record: AtlasRecord) -> None:
        """Keep an atlas."""

    def put_tile(self, record: TileRecord) -> None:
        """Keep a tile."""

    def put_squares(self, record: SquareSet) -> None:
        """Keep all squares of an atlas."""

    def missing_blobs(self, sha256: Sequence[str]) -> set[str]:
        """Of these hashes, those whose bytes are not known yet."""

    def put_blob(self, sha256: str, data: bytes) -> None:
        """Keep bytes under their hash."""
