"""What is known of a simulated atlas: its seams, and every window that its tiles show."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.atlas import AtlasTile, Survey
from ingest.epu import AtlasDm, natural_order, read_atlas_dm
from ingest.mosaic import Mosaic
from ingest.seams import share_side
from ingest.tile_files import TileFiles, read_tile
from ingest.watch import existing_files
from simulate.instrument import Instrument
from simulate.session import SessionPlan, make_specimen
from simulate.stage import (
    TileView,
    specimen_at,
    specimen_to_tile,
    stage_of,
    tile_pixel,
)
from simulate.tile import raster_um, window_stage_um
from simulate.window import find_window

ALONG = (-0.4, 0.0, 0.4)
"""Where a seam is measured: shares of a tile's side from the seam's middle."""

Tiles = dict[str, AtlasTile]
Point = tuple[float, float]


@dataclass(frozen=True)
class TrueWindow:
    """A window that tiles show: stage position, and whether its centre, and all of it, is shown."""

    stage_um: Point
    central: bool
    whole: bool


def read_atlas(folder: Path, sample: int) -> tuple[Tiles, AtlasDm | None]:
    """Read all tiles of a sample and its Atlas.dm."""
    files: dict[str, TileFiles] = {}
    dm: AtlasDm | None = None
    for one in sorted(existing_files(folder), key=lambda one: natural_order(one.file)):
        if one.file.sample != sample:
            continue
        if one.path.name == "Atlas.dm":
            dm = read_atlas_dm(one.path)
        elif one.file.tile_id is not None and one.file.index is not None:
            stem = one.file.stem
            tile = files.setdefault(stem, TileFiles(stem, one.file.tile_id, one.file.index))
            tile.paths[one.file.suffix] = one.path
    return {n: read_tile(tile, accept_preview=True).tile for n, tile in files.items()}, dm


def with_stage_errors(tiles: Tiles, sd_um: float, seed: int) -> Tiles:
    """The same tiles by a stage that reads wrong by so much."""
    draw = np.random.default_rng(seed)

    def off(tile: AtlasTile) -> AtlasTile:
        x, y = np.add(tile.optics.stage_um, draw.normal(0, sd_um, 2)).tolist()
        return replace(tile, optics=replace(tile.optics, stage_um=(x, y)))

    return {name: off(tile) for name, tile in tiles.items()}


def seam_errors_px(
    mosaic: Mosaic, tiles: Tiles, instrument: Instrument
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors of all seams against truth, tile pixels: as registered, and as EPU lays tiles.

    Args:
        mosaic: as surveyed.
        tiles: as they were taken, with the true stage positions.
        instrument: that took them.
    """
    ours: list[float] = []
    nominal: list[float] = []
    for one, other in _pairs(mosaic):
        here, there = mosaic.tiles[one], mosaic.tiles[other]
        for x, y in _along(mosaic, one, other):
            at = _pixel(tiles[one], x - here.x_um, y - here.y_um)
            truth = _shown_by(tiles[one], tiles[other], instrument, at)
            seen = mosaic.seam(one, other).shown_at(x, y)
            for place, errors in ((seen, ours), ((x, y), nominal)):
                found = _pixel(tiles[other], place[0] - there.x_um, place[1] - there.y_um)
                errors.append(float(np.hypot(*np.subtract(found, truth))))
    return np.array(ours), np.array(nominal)


def true_windows(plan: SessionPlan, tiles: Tiles) -> list[TrueWindow]:
    """Every window that a simulated atlas' tiles show, wholly or in part."""
    specimen, instrument = make_specimen(plan, 0), plan.instrument
    found: dict[tuple[int, int], TrueWindow] = {}
    for tile in tiles.values():
        view = TileView(0, 0, 0, tile.optics.stage_um)
        to_tile = specimen_to_tile(instrument, view, specimen_at(instrument, view.stage_um))
        size = instrument.width_px, instrument.height_px
        for site in specimen.squares_in(to_tile, *size):
            square = specimen.square(*site, raster_um(instrument))
            window = find_window(square)
            if window is None:
                continue
            stage = window_stage_um(specimen, instrument, square, window)
            x, y = tile_pixel(instrument, view, stage)
            reach = 0.71 * max(window.size_um) / instrument.pixel_um
            inside = [
                margin <= x < size[0] - margin and margin <= y < size[1] - margin
                for margin in (0.0, reach)
            ]
            before = found.get(site, TrueWindow(stage, central=False, whole=False))
            found[site] = TrueWindow(stage, before.central or inside[0], before.whole or inside[1])
    return list(found.values())


def distances_um(survey: Survey, windows: list[TrueWindow]) -> NDArray[np.float64]:
    """(squares, windows) distance of each found square from each true window, on the stage."""
    records = [found.record for found in survey.squares]
    ours = np.array([(r.stage_x_um, r.stage_y_um) for r in records]).reshape(-1, 1, 2)
    theirs = np.array([window.stage_um for window in windows]).reshape(1, -1, 2)
    return np.asarray(np.linalg.norm(ours - theirs, axis=2), np.float64)


def _pairs(mosaic: Mosaic) -> Iterator[tuple[str, str]]:
    names = list(mosaic.tiles)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if share_side(mosaic.tiles[one], mosaic.tiles[other]):
                yield one, other


def _along(mosaic: Mosaic, one: str, other: str) -> Iterator[Point]:
    here, there = mosaic.tiles[one], mosaic.tiles[other]
    beside = abs(here.x_um - there.x_um) > abs(here.y_um - there.y_um)
    half_width, half_height = here.half_size_um
    for share in ALONG:
        dx, dy = (0.0, 2 * share * half_height) if beside else (2 * share * half_width, 0.0)
        yield (here.x_um + there.x_um) / 2 + dx, (here.y_um + there.y_um) / 2 + dy


def _pixel(tile: AtlasTile, x_um: float, y_um: float) -> Point:
    optics = tile.optics
    return (
        x_um / optics.pixel_um + optics.width_px / 2,
        y_um / optics.pixel_um + optics.height_px / 2,
    )


def _shown_by(one: AtlasTile, other: AtlasTile, instrument: Instrument, at: Point) -> Point:
    """Pixel of `other` that shows what `one` shows at a pixel, by the simulator's stage."""
    view = TileView(0, 0, 0, one.optics.stage_um)
    specimen = specimen_at(instrument, view.stage_um)
    for _ in range(4):
        to_tile = specimen_to_tile(instrument, view, specimen)
        x, y = np.linalg.solve(to_tile[:, :2], np.array(at) - to_tile[:, 2]).tolist()
        specimen = (x, y)
    there = TileView(0, 0, 0, other.optics.stage_um)
    return tile_pixel(instrument, there, stage_of(instrument, specimen))
