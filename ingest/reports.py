"""What a survey says of an atlas and its tiles, as records."""

from collections.abc import Mapping

import numpy as np

from ingest.atlas import AtlasTile, Survey
from ingest.records import AtlasKey, AtlasRecord, TileRecord, TileState
from ingest.tile_files import ReadTile, TileFiles

DARK_SHARE = 0.02
"""A tile is dark when nothing on it is brighter than this share of film."""

Rect = tuple[float, float, float, float]


def report_atlas(
    key: AtlasKey, survey: Survey, reads: Mapping[str, ReadTile], planned: int | None
) -> AtlasRecord:
    """What all tiles of an atlas say together."""
    first = min(reads.values(), key=lambda read: read.tile.optics.index, default=None)
    metadata = first.metadata if first is not None else None
    mesh, film, stage = survey.extraction.mesh, survey.film, survey.stage
    size = _size_px(survey, reads)
    return AtlasRecord(
        key=key,
        tiles_planned=planned,
        pixel_nm=round(survey.frame.pixel_um * 1e3, 5) if survey.frame else None,
        width_px=size[0] if size else None,
        height_px=size[1] if size else None,
        frame_source=survey.frame_source,
        film_level=film.film if film else None,
        vacuum_level=film.vacuum if film else None,
        full_scale=film.full_scale if film else None,
        mesh_pitch_um=mesh.pitch_um if mesh else None,
        mesh_rotation_deg=mesh.rotation_deg if mesh else None,
        acquired_at=metadata.acquired_at if metadata else None,
        camera=metadata.camera if metadata else None,
        magnification=metadata.magnification if metadata else None,
        voltage_kv=metadata.voltage_kv if metadata else None,
        stage_scale_x=stage.scale_x if stage else None,
        stage_pivot_mm=stage.pivot_um / 1e3 if stage and stage.pivot_um else None,
    )


def report_placed(key: AtlasKey, files: TileFiles, read: ReadTile, survey: Survey) -> TileRecord:
    """A tile that lies in its atlas, without its display images."""
    place, metadata = survey.placed[files.name], read.metadata
    stage = metadata.stage_um or (None, None, None)
    left, top, width, height = _rect(files.name, survey, read) or (None, None, None, None)
    return TileRecord(
        atlas=key,
        name=files.name,
        epu_tile_id=files.epu_tile_id,
        index=files.index,
        state=TileState.PLACED,
        dark=_is_dark(read.tile, survey),
        pixels_from=read.pixels_from,
        camera_width_px=metadata.width_px,
        camera_height_px=metadata.height_px,
        pixel_nm=metadata.pixel_nm,
        binning=metadata.binning,
        stage_x_um=stage[0],
        stage_y_um=stage[1],
        stage_z_um=stage[2],
        acquired_at=metadata.acquired_at,
        dose_per_px=metadata.dose_per_px,
        column=place.column,
        row=place.row,
        x_px=left,
        y_px=top,
        width_px=width,
        height_px=height,
    )


def report_unplaced(
    key: AtlasKey, files: TileFiles, state: TileState, reason: str | None
) -> TileRecord:
    """A tile that waits or failed, and why."""
    return TileRecord(
        atlas=key,
        name=files.name,
        epu_tile_id=files.epu_tile_id,
        index=files.index,
        state=state,
        reason=reason,
    )


def _size_px(survey: Survey, reads: Mapping[str, ReadTile]) -> tuple[int, int] | None:
    found = [_rect(name, survey, reads[name]) for name in survey.placed]
    rects = [rect for rect in found if rect is not None]
    if not rects:
        return None
    right = max(x + width for x, _, width, _ in rects)
    bottom = max(y + height for _, y, _, height in rects)
    left = min(0.0, *(x for x, *_ in rects))
    top = min(0.0, *(y for _, y, *_ in rects))
    return round(right - left), round(bottom - top)


def _rect(name: str, survey: Survey, read: ReadTile) -> Rect | None:
    """Left, top, width, height of a placed tile, atlas pixels."""
    if survey.frame is None:
        return None
    place, optics = survey.placed[name], read.tile.optics
    width, height = (side / survey.frame.pixel_um for side in optics.size_um)
    x, y = survey.frame.to_px(place.x_um, place.y_um)
    return x + 0.5 - width / 2, y + 0.5 - height / 2, width, height


def _is_dark(tile: AtlasTile, survey: Survey) -> bool:
    film = survey.film.film if survey.film else None
    brightest = float(np.percentile(tile.reduced[::4, ::4], 99.9))
    return film is not None and brightest < DARK_SHARE * film
