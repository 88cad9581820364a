"""One atlas as its tiles tell it: a pure function of its tiles and Atlas.dm, in whatever order."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ingest.crops import CROP_POINTS_UM, CropPlan, TilePart
from ingest.epu import AtlasDm, AtlasDmNode
from ingest.extract import Extraction, extract_windows
from ingest.film import FilmLevels, estimate_film
from ingest.measured import MeasuredWindows
from ingest.mosaic import Mosaic, build_mosaic
from ingest.place import Frame, Placed, TileOptics, atlas_dm_frame, nominal_frame, place_tiles
from ingest.records import (
    FrameSource,
    Point,
    SquareRecord,
    StageSource,
)
from ingest.register import register_tiles
from ingest.seams import SeamCache, find_seams
from ingest.stage import StageModel, StageSample, fit_stage_model, nominal_stage_model
from ingest.window import Window
from ingest.work_tile import Grey

MATCH_SHARE = 0.35
"""A node of Atlas.dm and a square of ours are one when nearer than this share of the pitch."""

CROP_STEP_UM = 0.5
CROP_STEP_DEG = 0.25
"""Crop centres lie on this grid, so that a hair's move of a square does not make a new crop."""


@dataclass(frozen=True)
class AtlasTile:
    """A readable tile: how it was taken, and its pixels reduced for detection."""

    epu_tile_id: int
    optics: TileOptics
    reduced: Grey


@dataclass(frozen=True)
class FoundSquare:
    """A square and the plan by which its crop is cut."""

    record: SquareRecord
    plan: CropPlan | None


@dataclass(frozen=True)
class Survey:
    """All that an atlas' tiles say together."""

    placed: dict[str, Placed]
    refused: dict[str, str]
    frame: Frame | None
    frame_source: FrameSource
    film: FilmLevels | None
    extraction: Extraction
    stage: StageModel | None
    squares: tuple[FoundSquare, ...]
    mosaic: Mosaic


def survey_atlas(
    tiles: Mapping[str, AtlasTile],
    dm: AtlasDm | None,
    seams: SeamCache | None = None,
    measured: MeasuredWindows | None = None,
    known_stage: StageModel | None = None,
) -> Survey:
    """Place tiles, find squares, film level and stage positions.

    Args:
        tiles: readable tiles by name.
        dm: Atlas.dm, once it describes this atlas.
        seams: shifts between tiles found before for the same pixels; added to.
        measured: windows measured before in this atlas; the answer is the same without.
        known_stage: this instrument's, from another atlas; used until this one has nodes.
    """
    optics = {name: tile.optics for name, tile in tiles.items()}
    placed, refused = place_tiles(optics)
    mosaic = build_mosaic({name: tile.reduced for name, tile in tiles.items()}, placed)
    nodes = _nodes(dm)
    stage = _stage_model(tiles, placed, nodes, known_stage)
    found = find_seams(mosaic, {} if seams is None else seams)
    if stage is not None:
        registration = register_tiles(optics, placed, found, stage)
        mosaic = Mosaic(mosaic.tiles, registration.poses)
    frame, source = _frame(placed, optics, dm)
    extraction = extract_windows(mosaic, measured)
    film = estimate_film(extraction.windows)
    squares: tuple[FoundSquare, ...] = ()
    if frame is not None and stage is not None and extraction.mesh is not None:
        matched = _match_nodes(extraction, frame, nodes)
        context = _Context(tiles, mosaic, frame, stage, film)
        squares = tuple(
            _square(window, matched.get(i), context) for i, window in enumerate(extraction.windows)
        )
    return Survey(placed, refused, frame, source, film, extraction, stage, squares, mosaic)


@dataclass(frozen=True)
class _Context:
    tiles: Mapping[str, AtlasTile]
    mosaic: Mosaic
    frame: Frame
    stage: StageModel
    film: FilmLevels | None


def _frame(
    placed: Mapping[str, Placed], optics: Mapping[str, TileOptics], dm: AtlasDm | None
) -> tuple[Frame | None, FrameSource]:
    if not placed:
        return None, FrameSource.NOMINAL
    first = min((optics[name] for name in placed), key=lambda tile: tile.index)
    if dm is not None:
        rects = {tile.name: tile.rect_px for tile in dm.tiles}
        frame = atlas_dm_frame(placed, rects, first)
        if frame is not None:
            return frame, FrameSource.ATLAS_DM
    return nominal_frame(first), FrameSource.NOMINAL


@dataclass(frozen=True)
class _Node:
    """A square that EPU found, and the tile in whose place EPU gives its position."""

    epu: AtlasDmNode
    tile_name: str


def _nodes(dm: AtlasDm | None) -> list[_Node]:
    if dm is None:
        return []
    return [_Node(node, tile.name) for tile in dm.tiles for node in tile.nodes]


def _stage_model(
    tiles: Mapping[str, AtlasTile],
    placed: Mapping[str, Placed],
    nodes: list[_Node],
    known: StageModel | None,
) -> StageModel | None:
    if not placed:
        return None
    by_id = {tiles[name].epu_tile_id: tiles[name].optics for name in placed}
    samples = [
        StageSample(by_id[tile_id], x_px, y_px, node.epu.stage_um)
        for node in nodes
        for tile_id, x_px, y_px in node.epu.tile_positions[:1]
        if tile_id in by_id
    ]
    optics = {name: tile.optics for name, tile in tiles.items()}
    fitted = fit_stage_model(samples)
    if fitted is None and known is not None:
        return replace(known, source=StageSource.STAGE_MODEL)
    return fitted or nominal_stage_model(optics, dict(placed))


def _match_nodes(extraction: Extraction, frame: Frame, nodes: list[_Node]) -> dict[int, _Node]:
    """The node of each window by its index: nearest pairs first, one to one."""
    if not nodes or not extraction.windows or extraction.mesh is None:
        return {}
    ours = np.array([frame.to_px(w.x_um, w.y_um) for w in extraction.windows])
    theirs = np.array([node.epu.center_px for node in nodes])
    distance = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    limit = MATCH_SHARE * extraction.mesh.pitch_um / frame.pixel_um
    pairs = np.argwhere(distance < limit)
    order = np.argsort(distance[pairs[:, 0], pairs[:, 1]], kind="stable")
    matched: dict[int, _Node] = {}
    taken: set[int] = set()
    for window, node in pairs[order].tolist():
        if window not in matched and node not in taken:
            matched[window] = nodes[node]
            taken.add(node)
    return matched


def _square(window: Window, match: _Node | None, context: _Context) -> FoundSquare:
    owner = context.mosaic.showing(window.x_um, window.y_um)[0]
    shower = owner
    if match is not None and match.tile_name in context.mosaic.tiles:
        shower = match.tile_name
    shown = _as_shown_by(shower, window, owner, context.mosaic)
    node = match.epu if match is not None else None
    x_px, y_px = context.frame.to_px(shown.x_um, shown.y_um)
    stage_x, stage_y = context.stage.position(
        context.tiles[shower].optics, *_tile_pixel(shown, shower, context)
    )
    pixel_um = context.frame.pixel_um
    record = SquareRecord(
        tile_name=owner,
        center_x_px=round(x_px, 3),
        center_y_px=round(y_px, 3),
        width_px=round(window.width_um / pixel_um, 3),
        height_px=round(window.height_um / pixel_um, 3),
        rotation_deg=window.rotation_deg,
        corners_px=_corners(shown, context.frame),
        stage_x_um=round(stage_x, 4),
        stage_y_um=round(stage_y, 4),
        stage_residual_um=round(context.stage.residual_um, 4),
        stage_source=context.stage.source,
        aligned_stage_x_um=node.aligned_stage_um[0] if node and node.aligned_stage_um else None,
        aligned_stage_y_um=node.aligned_stage_um[1] if node and node.aligned_stage_um else None,
        complete=window.complete,
        coverage=round(window.coverage, 4),
        on_rim=not window.complete,
        epu_node_id=node.node_id if node else None,
        epu_category=node.category if node else None,
        epu_quality=node.quality if node else None,
    )
    plan = _plan(window, context) if context.film else None
    return FoundSquare(record, plan)


def _as_shown_by(shower: str, window: Window, owner: str, mosaic: Mosaic) -> Window:
    """The window where another tile has it: that by which EPU found it, as EPU's atlas shows it."""
    if shower == owner:
        return window
    x_um, y_um = mosaic.seam(owner, shower).shown_at(window.x_um, window.y_um)
    return replace(window, x_um=x_um, y_um=y_um)


def _tile_pixel(window: Window, name: str, context: _Context) -> tuple[float, float]:
    """Where a tile shows the window, counted as EPU does: 0, 0 is the corner of its first pixel."""
    optics, place = context.tiles[name].optics, context.mosaic.tiles[name]
    return (
        (window.x_um - place.x_um) / optics.pixel_um + optics.width_px / 2,
        (window.y_um - place.y_um) / optics.pixel_um + optics.height_px / 2,
    )


def _corners(window: Window, frame: Frame) -> tuple[Point, Point, Point, Point]:
    cos, sin = np.cos(np.radians(window.rotation_deg)), np.sin(np.radians(window.rotation_deg))

    def corner(right: float, down: float) -> Point:
        along, across = right * window.width_um / 2, down * window.height_um / 2
        x, y = frame.to_px(
            window.x_um + cos * along - sin * across, window.y_um + sin * along + cos * across
        )
        return Point(x=round(float(x), 2), y=round(float(y), 2))

    return corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)


def _plan(window: Window, context: _Context) -> CropPlan:
    """Which tiles a crop is cut from, the owner first: only those that add to it.

    Raises:
        ValueError: the atlas has no film level.
    """
    film = context.film
    if film is None:
        raise ValueError("a crop needs a film level: expected windows on the atlas, found none")
    mosaic, missing = context.mosaic, CROP_POINTS_UM
    reach_um = float(np.hypot(*CROP_POINTS_UM[0]))
    names = mosaic.showing(window.x_um, window.y_um, reach_um)
    parts = []
    for name in names:
        seam, place = mosaic.seam(names[0], name), mosaic.tiles[name]
        x_um, y_um = seam.shown_at(window.x_um, window.y_um)
        x_um, y_um = _on_grid(x_um - place.x_um), _on_grid(y_um - place.y_um)
        turn_deg = round(seam.turn_deg / CROP_STEP_DEG) * CROP_STEP_DEG
        part = TilePart(name, x_um, y_um, turn_deg)
        if place.holds(place.x_um + x_um, place.y_um + y_um, reach_um):
            parts.append(part)
            break
        shown = part.shows(missing, place.half_size_um, window.rotation_deg)
        if shown.any():
            parts.append(part)
            missing = missing[~shown]
        if not len(missing):
            break
    return CropPlan(tuple(parts), window.rotation_deg, film.full_scale)


def _on_grid(value_um: float) -> float:
    return round(value_um / CROP_STEP_UM) * CROP_STEP_UM
