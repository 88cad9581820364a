"""EPU's files in, records out: which file belongs to which session, grid and atlas."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ingest.atlas import Survey
from ingest.epu import (
    AtlasDm,
    EpuError,
    EpuFile,
    EpuKind,
    IncompleteFile,
    SampleDm,
    TileMetadata,
    read_atlas_dm,
    read_atlas_xml,
    read_sample_dm,
    read_screening_session,
)
from ingest.feed import AtlasFeed
from ingest.postponed import Postponed
from ingest.records import (
    AtlasKey,
    FileState,
    GridRecord,
    GridState,
    SessionRecord,
    TileState,
)
from ingest.sink import Sink
from ingest.stage import StageModel
from ingest.tile_files import PREVIEW, TileFiles

PREVIEW_GRACE_S = 5.0
"""How long a tile that has only a preview waits for its MRC."""

GridKey = tuple[str, int]


@dataclass(frozen=True)
class Taken:
    """What became of a file: read, waiting for something else, or failed, and why."""

    state: FileState
    reason: str | None = None


TAKEN = Taken(FileState.READ)


@dataclass
class Pipeline:
    """Takes settled files one by one; `settle` says what they add up to.

    Args:
        sink: where records go.
        clock: monotonic seconds.
        preview_grace_s: how long a tile with only a preview waits for better pixels.
    """

    sink: Sink
    clock: Callable[[], float] = time.monotonic
    preview_grace_s: float = PREVIEW_GRACE_S
    _atlases: dict[AtlasKey, AtlasFeed] = field(default_factory=dict)
    _dirty: dict[AtlasKey, None] = field(default_factory=dict)
    _models: dict[GridKey, AtlasDm] = field(default_factory=dict)
    _grids: dict[GridKey, GridRecord] = field(default_factory=dict)
    _sessions: dict[str, SessionRecord] = field(default_factory=dict)
    _stages: dict[str, StageModel] = field(default_factory=dict)
    _preview_since: dict[tuple[AtlasKey, str], float] = field(default_factory=dict)
    _postponed: Postponed = field(init=False)
    _late: list[tuple[list[Path], Taken]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Try again by the same clock."""
        self._postponed = Postponed(self.clock)

    def take(self, file: EpuFile, path: Path, stalled: str | None = None) -> Taken:
        """Read one settled file.

        Args:
            file: what it is.
            path: where it is.
            stalled: why it is not whole although it no longer changes; None when it is.
        """
        self._know_session(file)
        if file.kind is EpuKind.TILE:
            return self._take_tile(file, path, stalled)
        if stalled is not None:
            return Taken(FileState.FAILED, stalled)
        try:
            self._take_description(file, path)
        except IncompleteFile as error:
            return Taken(FileState.WAITING, str(error))
        except (EpuError, OSError) as error:
            return Taken(FileState.FAILED, str(error))
        return TAKEN

    def drop(self, file: EpuFile) -> None:
        """A file has gone from the folder. What was read of it stays."""
        key = _atlas_key(file)
        feed = self._atlases.get(key) if key is not None else None
        if key is None or feed is None or file.stem not in feed.files:
            return
        feed.files[file.stem].paths.pop(file.suffix, None)
        feed.drop_tile(file.stem, f"its {file.suffix} file has gone before it could be read")
        self._dirty[key] = None

    def paths_beside(self, file: EpuFile) -> list[Path]:
        """All known files of the tile that a file belongs to."""
        key = _atlas_key(file)
        feed = self._atlases.get(key) if key is not None else None
        files = feed.files.get(file.stem) if feed is not None else None
        return list(files.paths.values()) if files is not None else []

    def settle(self, *, final: bool = False) -> None:
        """Send what the files taken so far add up to.

        Args:
            final: no better file will come: take previews now.
        """
        self._accept_previews(final=final)
        for key in self.news():
            self.send(key)

    def news(self) -> list[AtlasKey]:
        """The atlases of which something has not been sent."""
        self._accept_previews(final=False)
        self._try_again()
        return list(self._dirty)

    def take_late(self) -> list[tuple[list[Path], Taken]]:
        """What became of files that had to wait, of each tile; told once."""
        late, self._late = self._late, []
        return late

    def send(self, key: AtlasKey) -> None:
        """Send what has changed of one atlas; where that fails, it comes after all others again."""
        self._dirty.pop(key, None)
        self._dirty[key] = None  # behind all others
        feed = self._atlases[key]
        feed.send()
        del self._dirty[key]
        if feed.unreadable:
            self._postponed.put_off(key)

    def send_all_again(self, key: AtlasKey) -> None:
        """Forget what was sent of an atlas: the other side does not have it."""
        self._atlases[key].forget_sent()
        self._dirty[key] = None

    def survey(self, key: AtlasKey) -> Survey:
        """What an atlas' tiles say together."""
        return self._atlases[key].survey()

    def _take_tile(self, file: EpuFile, path: Path, stalled: str | None) -> Taken:
        key = _atlas_key(file)
        if key is None or file.tile_id is None or file.index is None:
            return Taken(FileState.FAILED, "expected a Sample folder above the tile, found none")
        feed = self._feed(key)
        files = feed.files.setdefault(file.stem, TileFiles(file.stem, file.tile_id, file.index))
        files.paths[file.suffix] = path
        files.stalled.pop(file.suffix, None)
        if stalled is not None:
            files.stalled[file.suffix] = stalled
        if file.suffix == "jpg" and files.pixel_suffix not in {None, "jpg"}:
            return TAKEN
        self._preview_since.setdefault((key, file.stem), self.clock())
        self._dirty[key] = None
        problem = feed.refresh_tile(file.stem, accept_preview=False)
        if problem is None:
            return TAKEN
        if feed.unreadable:
            self._postponed.put_off(key)
        failed = stalled is not None or problem[0] is TileState.FAILED
        return Taken(FileState.FAILED if failed else FileState.WAITING, problem[1])

    def _try_again(self) -> None:
        """Read again, where it is time to, what could not be read."""
        for key in self._postponed.due():
            feed = self._atlases[key]
            if not feed.unreadable:
                self._postponed.forget(key)
                continue
            for name, problem in feed.read_again():
                self._late.append(_outcome(feed.files[name], problem))
            self._dirty[key] = None
            self._postponed.put_off(key)

    def _accept_previews(self, *, final: bool) -> None:
        for key, feed in self._atlases.items():
            for name in feed.waits_for_image:
                since = self._preview_since.get((key, name), 0.0)
                if final or self.clock() - since >= self.preview_grace_s:
                    problem = feed.refresh_tile(name, accept_preview=True)
                    self._dirty[key] = None
                    self._late.append(_outcome(feed.files[name], problem))

    def _take_description(self, file: EpuFile, path: Path) -> None:
        match file.kind:
            case EpuKind.ATLAS_DM:
                self._take_model(file, read_atlas_dm(path))
            case EpuKind.ATLAS_IMAGE if file.suffix == "xml":
                key = _atlas_key(file)
                if key is not None:
                    feed = self._feed(key)
                    feed.image = read_atlas_xml(path)
                    self._know_instrument(file.session, feed.image.image)
                    self._dirty[key] = None
            case EpuKind.SAMPLE_DM:
                self._take_sample(file, read_sample_dm(path))
            case EpuKind.SCREENING_SESSION:
                found = read_screening_session(path)
                update = {"name": found.name, "started_at": found.started_at}
                self._put_session(self._sessions[file.session].model_copy(update=update))
            case _:
                pass

    def _take_model(self, file: EpuFile, dm: AtlasDm) -> None:
        if file.sample is None:
            return
        self._models[file.session, file.sample] = dm
        for key, feed in self._atlases.items():
            if (key.session_key, key.sample) == (file.session, file.sample):
                self._give_model(key, feed)

    def _give_model(self, key: AtlasKey, feed: AtlasFeed) -> None:
        """Atlas.dm describes one of the atlases in its folder: the one it names."""
        dm = self._models.get((key.session_key, key.sample))
        if dm is not None and dm.atlas_id == key.epu_atlas_id and dm != feed.dm:
            feed.dm = dm
            self._dirty[key] = None

    def _take_sample(self, file: EpuFile, sample: SampleDm) -> None:
        if file.sample is None:
            return
        state = GridState.ACQUIRED if sample.status == "Acquired" else GridState.IDLE
        if state is GridState.IDLE and 0 < (sample.percent or 0) < 100:
            state = GridState.ACQUIRING
        self._put_grid(
            GridRecord(
                session_key=file.session,
                sample=file.sample,
                name=sample.name,
                slot=sample.slot,
                state=state,
                percent=sample.percent,
            )
        )

    def _feed(self, key: AtlasKey) -> AtlasFeed:
        if key not in self._atlases:
            grid = (key.session_key, key.sample)
            if grid not in self._grids:
                self._put_grid(GridRecord(session_key=grid[0], sample=grid[1]))
            self._atlases[key] = AtlasFeed(key, self.sink, stages=self._stages)
            self._give_model(key, self._atlases[key])
        return self._atlases[key]

    def _know_session(self, file: EpuFile) -> None:
        if file.session not in self._sessions:
            self._put_session(SessionRecord(key=file.session))

    def _know_instrument(self, session: str, image: TileMetadata) -> None:
        known = self._sessions[session]
        update = {
            "instrument_id": image.instrument_id or known.instrument_id,
            "instrument_model": image.instrument_model or known.instrument_model,
        }
        self._put_session(known.model_copy(update=update))

    def _put_session(self, record: SessionRecord) -> None:
        if record != self._sessions.get(record.key):
            self.sink.put_session(record)
            self._sessions[record.key] = record

    def _put_grid(self, record: GridRecord) -> None:
        key = (record.session_key, record.sample)
        if record != self._grids.get(key):
            self.sink.put_grid(record)
            self._grids[key] = record


def _outcome(files: TileFiles, problem: tuple[TileState, str] | None) -> tuple[list[Path], Taken]:
    """All files of a tile that can be used are read; else those of its pixels say why not."""
    if problem is None:
        return list(files.paths.values()), TAKEN
    state = FileState.FAILED if problem[0] is TileState.FAILED else FileState.WAITING
    pixels = files.paths.get(files.pixel_suffix or PREVIEW)
    return [pixels] if pixels is not None else [], Taken(state, problem[1])


def _atlas_key(file: EpuFile) -> AtlasKey | None:
    if file.sample is None or file.atlas_id is None:
        return None
    return AtlasKey(session_key=file.session, sample=file.sample, epu_atlas_id=file.atlas_id)
