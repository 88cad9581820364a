"""EPU acquiring one atlas: tile after tile, each with its files, in EPU's order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import cv2
import numpy as np
from numpy.typing import NDArray

from simulate.camera import Detector, Optics
from simulate.epu_image import ImageFacts, atlas_xml, tile_xml
from simulate.epu_mrc import mrc_bytes
from simulate.epu_nodes import TileEntry
from simulate.image_files import PREVIEW_SIDE_PX, preview_bytes, tiff_bytes
from simulate.instrument import Instrument, spiral
from simulate.nodes import NodeFinder
from simulate.specimen import Specimen
from simulate.stage import TileView, commanded_stage
from simulate.tile import Tile, take_tile
from simulate.variant import Variant

ROW_S, COLUMN_S, JUMP_S = 12.2, 15.4, 26.2
READBACK_UM = 0.01
FIRST_NODES_AFTER = 8
"""Tiles until EPU's search for squares has learnt the mesh."""


@dataclass(frozen=True)
class Scene:
    """What is acquired, and with what."""

    specimen: Specimen
    instrument: Instrument
    look: tuple[Optics, Detector]
    variant: Variant = Variant.PLAIN

    @property
    def left_um(self) -> float:
        """Pixel of the finest image of a tile that is written."""
        if self.variant is not Variant.PREVIEWS_ONLY:
            return self.instrument.pixel_um
        longer_px = max(self.instrument.width_px, self.instrument.height_px)
        return self.instrument.pixel_um * longer_px / PREVIEW_SIDE_PX


@dataclass(frozen=True)
class Step:
    """One moment of the acquisition: seconds since the last, and the files that appear then."""

    wait_s: float
    files: tuple[tuple[str, bytes], ...]
    tiles: tuple[TileEntry, ...]
    acquired: int


@dataclass
class Counter:
    """EPU's one counter for everything."""

    value: int

    def step(self, by: int) -> int:
        """The next number."""
        self.value += by
        return self.value


@dataclass
class Atlas:
    """An atlas while it is acquired."""

    scene: Scene
    atlas_id: int
    started_at: datetime
    planned: int
    rng: np.random.Generator
    counter: Counter
    finder: NodeFinder
    canvas: NDArray[np.uint16]
    first: ImageFacts | None = None
    entries: list[TileEntry] = field(default_factory=list)

    @property
    def name(self) -> str:
        """File stem of the stitched image."""
        return f"Atlas_{self.atlas_id}"

    def acquire(self, tiles: int) -> Iterator[Step]:
        """Take the first `tiles` tiles of the spiral; files are named without folder."""
        instrument = self.scene.instrument
        clock = self.started_at + timedelta(seconds=3.6)
        sites = spiral(instrument.columns, instrument.rows)[:tiles]
        before: tuple[int, int] | None = None
        late: list[tuple[str, bytes]] = []
        for index, site in enumerate(sites):
            wait = 3.6 if before is None else _interval(before, site)
            clock += timedelta(seconds=0.0 if before is None else wait)
            before = site
            x, y = commanded_stage(instrument, *site)
            jitter = self.rng.normal(0, READBACK_UM, size=2)
            view = TileView(index, *site, (x + float(jitter[0]), y + float(jitter[1])))
            files, held = self._take(view, clock)
            yield Step(
                wait, (*late, *files, *self._atlas_files(index + 1)), tuple(self.entries), index + 1
            )
            late = held
        yield Step(1.0, (*late, *self._mosaic()), self.finder.finish(self.entries), len(sites))

    def _take(
        self, view: TileView, clock: datetime
    ) -> tuple[list[tuple[str, bytes]], list[tuple[str, bytes]]]:
        """The files of one tile, and those that come late."""
        scene, instrument = self.scene, self.scene.instrument
        tile = take_tile(self.rng, scene.specimen, instrument, view, scene.look, scene.left_um)
        tile_id = self.counter.step(int(self.rng.integers(13, 18)))
        name = f"Tile_{tile_id}_{view.index}_{self.atlas_id}"
        facts = ImageFacts(_guid(self.rng), clock, view.stage_um, tile.dose)
        self.first = self.first or facts
        box = self._paste(view, tile)
        entry = TileEntry(tile_id, name, box, view.stage_um, (), self._format)
        self.entries.append(entry)
        self.finder.add(tile_id, box, tile.seen)
        if len(self.entries) >= min(FIRST_NODES_AFTER, self.planned - 1):
            self.entries = list(self.finder.with_nodes(self.entries, self.counter))
        return self._tile_files(name, facts, tile)

    @property
    def _format(self) -> str:
        return "Tiff" if self.scene.variant is Variant.TIFF else "Mrc"

    def _tile_files(
        self, name: str, facts: ImageFacts, tile: Tile
    ) -> tuple[list[tuple[str, bytes]], list[tuple[str, bytes]]]:
        """Image, preview and XML in an order that differs from tile to tile."""
        variant = self.scene.variant
        files = [(f"{name}.jpg", preview_bytes(tile.counts))]
        xml = (f"{name}.xml", tile_xml(self.scene.instrument, facts))
        if variant is Variant.TIFF:
            files.append((f"{name}.tiff", tiff_bytes(tile.counts)))
        elif variant is not Variant.PREVIEWS_ONLY:
            files.append((f"{name}.mrc", mrc_bytes(self.scene.instrument, facts, tile.counts)))
        late = [xml] if variant is Variant.LATE_XML else []
        files += [] if late else [xml]
        order = self.rng.permutation(len(files))
        return [files[i] for i in order], late

    def _paste(self, view: TileView, tile: Tile) -> tuple[int, int, int, int]:
        """Lay a tile into the stitched image at its nominal place; its rectangle there."""
        box = nominal_box(self.scene.instrument, view.column, view.row)
        x, y, width, height = box
        part = self.canvas[max(y, 0) : y + height, max(x, 0) : x + width]
        small = cv2.resize(tile.counts, (width, height), interpolation=cv2.INTER_AREA)
        part[:] = small[: part.shape[0], : part.shape[1]]
        return box

    def _atlas_files(self, acquired: int) -> list[tuple[str, bytes]]:
        if self.first is None:
            return []
        xml = atlas_xml(self.scene.instrument, self.first, self.planned, acquired)
        return [(f"{self.name}.jpg", preview_bytes(self.canvas)), (f"{self.name}.xml", xml)]

    def _mosaic(self) -> list[tuple[str, bytes]]:
        """The stitched image itself, written once at the end."""
        if self.first is None or self.scene.variant is Variant.PREVIEWS_ONLY:
            return []
        if self.scene.variant is Variant.TIFF:
            return [(f"{self.name}.tiff", tiff_bytes(self.canvas))]
        return [(f"{self.name}.mrc", mrc_bytes(self.scene.instrument, self.first, self.canvas))]


def atlas_size_px(instrument: Instrument) -> tuple[int, int]:
    """Width and height of the stitched image."""
    step_x, step_y = instrument.step_px
    width = instrument.width_px + (instrument.columns - 1) * step_x
    height = instrument.height_px + (instrument.rows - 1) * step_y
    scale = instrument.atlas_scale
    return round(width * scale), round(height * scale)


def nominal_box(instrument: Instrument, column: int, row: int) -> tuple[int, int, int, int]:
    """AtlasPixelPosition of a lattice site: x, y, width, height in whole atlas pixels."""
    scale = instrument.atlas_scale
    left = (column + (instrument.columns - 1) // 2) * instrument.step_px[0] * scale
    top = (row + (instrument.rows - 1) // 2) * instrument.step_px[1] * scale
    size = round(instrument.width_px * scale), round(instrument.height_px * scale)
    return round(left), round(top), *size


def _interval(before: tuple[int, int], site: tuple[int, int]) -> float:
    """Seconds from one tile to the next, as on the Krios that was measured."""
    columns, rows = abs(site[0] - before[0]), abs(site[1] - before[1])
    if columns + rows > 1:
        return JUMP_S
    return COLUMN_S if columns else ROW_S


def _guid(rng: np.random.Generator) -> UUID:
    return UUID(bytes=rng.bytes(16), version=4)
