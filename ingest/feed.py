"""One atlas on its way to the sink: gathers its tiles, surveys them, and sends what has changed."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import structlog

from ingest.atlas import FoundSquare, Survey, survey_atlas
from ingest.crops import CropPlan, encode_display
from ingest.cutting import TileCutter, may_pass
from ingest.epu import AtlasDm, AtlasImageMetadata, EpuError
from ingest.measured import MeasuredWindows
from ingest.overlap import Match
from ingest.records import (
    AtlasKey,
    AtlasRecord,
    SquareRecord,
    SquareSet,
    StageSource,
    TileRecord,
    TileState,
)
from ingest.reports import report_atlas, report_placed, report_unplaced
from ingest.sink import Sink
from ingest.stage import StageModel
from ingest.tile_files import (
    PREVIEW,
    ReadTile,
    TileBrokenError,
    TileFiles,
    TileNotReadyError,
    read_tile,
)
from ingest.work_tile import set_aside

CROPS_AT_ONCE = 48
"""Squares are sent in batches of so many new crops: the first are ranked while others are cut."""

MATCH_SHARE = 0.3
"""Two squares are the same one when nearer than this share of the mesh's pitch."""

CROP_FIELDS = ("crop_sha256", "crop_full_scale", "thumbnail_sha256")

PROVISIONAL_FULL_SCALE = 32768.0
"""Display scale until a window has shown the film level."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Cut:
    crop: str
    thumbnail: str


@dataclass
class AtlasFeed:
    """State of one atlas: all of it can be rebuilt from EPU's folder.

    `stages` holds each instrument's stage model as the newest atlas with nodes gave it, for all;
    `unreadable` the tiles whose files the file system refuses, for now; `aside` is the folder to
    which a finished atlas' pixels go, the system's for temporary files where it is None.
    """

    key: AtlasKey
    sink: Sink
    files: dict[str, TileFiles] = field(default_factory=dict)
    dm: AtlasDm | None = None
    image: AtlasImageMetadata | None = None
    stages: dict[str, StageModel] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    aside: Path | None = None
    _read: dict[str, ReadTile] = field(default_factory=dict)
    _problem: dict[str, tuple[TileState, str]] = field(default_factory=dict)
    _cuts: dict[CropPlan, _Cut] = field(default_factory=dict)
    _seams: dict[tuple[str, str], tuple[Match, ...]] = field(default_factory=dict)
    _measured: MeasuredWindows = field(default_factory=MeasuredWindows)
    _displays: dict[str, tuple[float, tuple[str, ...]]] = field(default_factory=dict)
    _cutter: TileCutter = field(init=False)
    _sent_tiles: dict[str, TileRecord] = field(default_factory=dict)
    _sent_atlas: AtlasRecord | None = None
    _sent_squares: SquareSet | None = None

    def __post_init__(self) -> None:
        """Cut from the tiles read here."""
        self._cutter = TileCutter(self._read, self.unreadable)

    def refresh_tile(self, name: str, *, accept_preview: bool) -> tuple[TileState, str] | None:
        """Read a tile again; its state and the reason if it cannot be used."""
        self._forget_pixels(name)
        self.unreadable.discard(name)
        try:
            self._read[name] = read_tile(self.files[name], accept_preview=accept_preview)
        except TileNotReadyError as waits:
            self._problem[name] = (TileState.WAITING, str(waits))
        except (EpuError, TileBrokenError, FileNotFoundError) as error:
            self._problem[name] = (TileState.FAILED, str(error))
        except OSError as error:
            self.unreadable.add(name)
            self._problem[name] = (TileState.WAITING, f"cannot be read, is tried again: {error}")
        else:
            return None
        return self._problem[name]

    def read_again(self) -> list[tuple[str, tuple[TileState, str] | None]]:
        """Read the tiles that could not be; crops that could not be cut are cut by `send`."""
        never = [name for name in sorted(self.unreadable) if name not in self._read]
        self.unreadable.clear()
        return [(name, self.refresh_tile(name, accept_preview=False)) for name in never]

    def drop_tile(self, name: str, reason: str) -> None:
        """A tile whose files have gone: what was read of it stays, a tile never read says why."""
        if name not in self._read:
            self._problem[name] = (TileState.FAILED, reason)

    @property
    def waits_for_image(self) -> list[str]:
        """Tiles that have only a preview so far, in an atlas where no tile has more."""
        if any(read.pixels_from != PREVIEW for read in self._read.values()):
            return []
        return [
            name
            for name, (state, _) in self._problem.items()
            if state is TileState.WAITING and self.files[name].pixel_suffix == PREVIEW
        ]

    def send(self) -> None:
        """Survey the atlas and send what differs from what was sent before."""
        survey = self.survey()
        self._put_atlas(self._atlas_record(survey, complete=False))
        self._put_tiles(survey)
        self._put_squares(survey)
        self._put_displays(survey)
        if self._complete(survey):
            self._put_atlas(self._atlas_record(survey, complete=True))
            self._rest()

    def _rest(self) -> None:
        """Hold little memory: a finished atlas seldom changes, and a microscope makes many."""
        self._cutter.close()
        held = {
            name: read.tile.reduced
            for name, read in self._read.items()
            if not isinstance(read.tile.reduced, np.memmap)
        }
        try:
            aside = set_aside(held, self.aside)
        except OSError as error:
            log.warning("finished atlas stays in memory", reason=str(error))
            return
        for name, reduced in aside.items():
            read = self._read[name]
            self._read[name] = replace(read, tile=replace(read.tile, reduced=reduced))
        if aside:
            self._measured = MeasuredWindows()  # which would hold the pixels that it was made from

    def survey(self) -> Survey:
        """What the tiles read so far say together."""
        tiles = {name: read.tile for name, read in self._read.items()}
        instrument = next((r.metadata.instrument_id for r in self._read.values()), None) or ""
        known = self.stages.get(instrument) if instrument else None
        survey = survey_atlas(tiles, self.dm, self._seams, self._measured, known)
        if survey.stage is not None and survey.stage.source is StageSource.EPU_NODES:
            self.stages[instrument] = survey.stage
        return survey

    def forget_sent(self) -> None:
        """Send everything again next time, pictures included."""
        self._cuts.clear()
        self._displays.clear()
        self._sent_tiles.clear()
        self._sent_atlas = self._sent_squares = None

    def _forget_pixels(self, name: str) -> None:
        self._read.pop(name, None)
        self._problem.pop(name, None)
        self._displays.pop(name, None)
        self._cutter.forget(name)
        self._seams = {pair: found for pair, found in self._seams.items() if name not in pair}
        self._cuts = {
            plan: cut
            for plan, cut in self._cuts.items()
            if all(part.name != name for part in plan.parts)
        }

    def _complete(self, survey: Survey) -> bool:
        """EPU has finished and every tile it names is placed, or known to be bad."""
        planned = self._planned()
        settled = len(survey.placed) + len(survey.refused)
        settled += sum(state is TileState.FAILED for state, _ in self._problem.values())
        finished = self.dm is not None and bool(self.dm.tiles) and not self.unreadable
        return finished and planned is not None and settled >= planned

    def _planned(self) -> int | None:
        if self.dm is not None and self.dm.tiles:
            return len(self.dm.tiles)
        return self.image.tiles_planned if self.image is not None else None

    def _atlas_record(self, survey: Survey, *, complete: bool) -> AtlasRecord:
        record = report_atlas(self.key, survey, self._read, self._planned())
        return record.model_copy(update={"complete": complete})

    def _tile_record(self, name: str, survey: Survey) -> TileRecord:
        read = self._read.get(name)
        if read is None or name not in survey.placed:
            state, reason = self._problem.get(name, (TileState.FAILED, None))
            reason = survey.refused.get(name, reason)
            return report_unplaced(self.key, self.files[name], state, reason)
        record = report_placed(self.key, self.files[name], read, survey)
        return record.model_copy(update={"images": self._displays.get(name, (0.0, ()))[1]})

    def _put_atlas(self, record: AtlasRecord) -> None:
        if self._sent_atlas is not None and self._sent_atlas.complete and not record.complete:
            record = record.model_copy(update={"complete": True})
        if record != self._sent_atlas:
            self.sink.put_atlas(record)
            self._sent_atlas = record

    def _put_tiles(self, survey: Survey) -> None:
        for name in sorted(self.files, key=lambda n: (self.files[n].index, n)):
            record = self._tile_record(name, survey)
            if record != self._sent_tiles.get(name):
                self.sink.put_tile(record)
                self._sent_tiles[name] = record

    def _put_squares(self, survey: Survey) -> None:
        mesh = survey.extraction.mesh
        if mesh is None and self._sent_squares is None:
            return
        radius_um = MATCH_SHARE * (mesh.pitch_um if mesh else 60.0)
        uncut = [f for f in survey.squares if f.plan is not None and f.plan not in self._cuts]
        uncut.sort(key=lambda found: found.record.tile_name)  # each tile's file is opened once
        for start in range(0, max(len(uncut), 1), CROPS_AT_ONCE):
            self._cut([f.plan for f in uncut[start : start + CROPS_AT_ONCE] if f.plan is not None])
            records = tuple(self._with_crop(found, radius_um) for found in survey.squares)
            squares = SquareSet(atlas=self.key, match_radius_um=radius_um, squares=records)
            if squares != self._sent_squares:
                self.sink.put_squares(squares)
                self._sent_squares = squares

    def _cut(self, plans: Sequence[CropPlan]) -> None:
        files = self._cutter.cut(plans)
        shas = self._put_blobs([data for made in files.values() for data in (made.png, made.jpeg)])
        for number, plan in enumerate(files):
            self._cuts[plan] = _Cut(shas[2 * number], shas[2 * number + 1])

    def _with_crop(self, found: FoundSquare, radius_um: float) -> SquareRecord:
        """The square with its crop; until that is cut, with the crop it had before."""
        cut = self._cuts.get(found.plan) if found.plan is not None else None
        crop: dict[str, object] = {}
        if cut is not None and found.plan is not None:
            crop = dict(
                zip(CROP_FIELDS, (cut.crop, found.plan.full_scale, cut.thumbnail), strict=True)
            )
        elif (before := self._sent_before(found.record, radius_um)) is not None:
            crop = before.model_dump(include=set(CROP_FIELDS))
        return found.record.model_copy(update=crop)

    def _sent_before(self, record: SquareRecord, radius_um: float) -> SquareRecord | None:
        sent = self._sent_squares.squares if self._sent_squares is not None else ()
        for before in sent:
            away_um = abs(before.stage_x_um - record.stage_x_um)
            if max(away_um, abs(before.stage_y_um - record.stage_y_um)) < radius_um:
                return before
        return None

    def _put_displays(self, survey: Survey) -> None:
        """Encode the display images of tiles that have none at the atlas' present scale."""
        scale = survey.film.full_scale if survey.film else PROVISIONAL_FULL_SCALE
        for name in survey.placed:
            if self._displays.get(name, (None,))[0] == scale:
                continue
            try:
                image = self._cutter.open_tile(name)
            except (EpuError, OSError) as error:
                log.warning("tile not shown", tile=name, reason=str(error))
                if may_pass(error):
                    self.unreadable.add(name)
                continue
            shas = self._put_blobs(encode_display(image.pixels, scale))
            self._displays[name] = (scale, tuple(shas))
            record = self._tile_record(name, survey)
            self.sink.put_tile(record)
            self._sent_tiles[name] = record

    def _put_blobs(self, blobs: Iterable[bytes]) -> list[str]:
        """Send what the other side lacks; the hash of each."""
        shas, named = [], {}
        for data in blobs:
            shas.append(hashlib.sha256(data).hexdigest())
            named[shas[-1]] = data
        for sha in self.sink.missing_blobs(list(named)) if named else ():
            self.sink.put_blob(sha, named[sha])
        return shas
