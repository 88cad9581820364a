"""A small EPU folder: four tiles of a made-up grid, written as EPU writes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.epu import classify
from ingest.pipeline import Pipeline, Taken
from ingest.records import (
    AtlasKey,
    AtlasRecord,
    GridRecord,
    SessionRecord,
    SquareSet,
    TileRecord,
)
from tests.ingest import scenes
from tests.ingest.epu_files import (
    atlas_dm_xml,
    atlas_folder,
    image_xml,
    mrc_bytes,
    tile_name,
)

ATLAS_ID = 500
PIXEL_UM = 0.28
SIZE = (893, 643)
SITES = [(0, 0), (0, 1), (1, 1), (1, 0)]
"""Column and row of each tile, in order of acquisition: the start of EPU's spiral."""

GRID = scenes.lattice(rotation_deg=-26.0, start_um=(20.0, 30.0), reach=7)
ATLAS_PIXEL_UM = 0.5


@dataclass
class RecordingSink:
    """Keeps the newest of every record, and counts what was sent."""

    sessions: dict[str, SessionRecord] = field(default_factory=dict)
    grids: dict[int, GridRecord] = field(default_factory=dict)
    atlases: dict[AtlasKey, AtlasRecord] = field(default_factory=dict)
    tiles: dict[str, TileRecord] = field(default_factory=dict)
    squares: dict[AtlasKey, SquareSet] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    def put_session(self, record: SessionRecord) -> None:
        self.sent.append("session")
        self.sessions[record.key] = record

    def put_grid(self, record: GridRecord) -> None:
        self.sent.append("grid")
        self.grids[record.sample] = record

    def put_atlas(self, record: AtlasRecord) -> None:
        self.sent.append("atlas")
        self.atlases[record.key] = record

    def put_tile(self, record: TileRecord) -> None:
        self.sent.append(f"tile {record.name}")
        self.tiles[record.name] = record

    def put_squares(self, record: SquareSet) -> None:
        self.sent.append("squares")
        self.squares[record.atlas] = record

    def missing_blobs(self, sha256: Sequence[str]) -> set[str]:
        return {sha for sha in sha256 if sha not in self.blobs}

    def put_blob(self, sha256: str, data: bytes) -> None:
        self.sent.append("blob")
        self.blobs[sha256] = data


def write_atlas(root: Path, *, atlas_id: int = ATLAS_ID, level: float = 1.0) -> list[Path]:
    """All files of an atlas' tiles and its Atlas.dm, in the order EPU writes them."""
    folder = atlas_folder(root)
    written = []
    for index in range(len(SITES)):
        written += write_tile(folder, index, atlas_id=atlas_id, level=level)
    return [*written, write_atlas_dm(folder, atlas_id)]


def write_tile(
    folder: Path, index: int, *, atlas_id: int = ATLAS_ID, level: float = 1.0
) -> list[Path]:
    """MRC, XML and preview of a tile; `level` is a factor on its grey values."""
    stem = folder / tile_name(index, atlas_id)
    pixels = (camera_pixels(index) * level).astype(np.uint16)
    stage = [f"{value * 1e-6:.9e}" for value in (*stage_um(index), 70.0)]
    size = (str(SIZE[0]), str(SIZE[1]))
    xml = image_xml(stage_m=stage, pixel_m="2.8E-07", binning="4", size=size)
    paths = [stem.with_suffix(f".{suffix}") for suffix in ("mrc", "xml", "jpg")]
    paths[0].write_bytes(mrc_bytes(pixels, pixel_angstrom=10 * 1e3 * PIXEL_UM))
    paths[1].write_text(xml)
    cv2.imwrite(str(paths[2]), cv2.resize(cv2.convertScaleAbs(pixels, alpha=0.04), (512, 369)))
    return paths


def camera_pixels(index: int) -> NDArray[np.uint16]:
    """What the camera saw of a tile, counts."""
    column, row = SITES[index]
    width, height = SIZE
    left = (0.95 * column * width - (width - 1) / 2) * PIXEL_UM
    top = (0.95 * row * height - (height - 1) / 2) * PIXEL_UM
    clean = scenes.paint(GRID, left, top, (height, width), PIXEL_UM)
    return scenes.with_noise(clean, seed=index).astype(np.uint16)


def stage_um(index: int) -> tuple[float, float]:
    """Where the stage stood: its x axis against the image's, its y axis along it."""
    column, row = SITES[index]
    return -0.95 * column * SIZE[0] * PIXEL_UM, 0.95 * row * SIZE[1] * PIXEL_UM


def write_atlas_dm(folder: Path, atlas_id: int = ATLAS_ID) -> Path:
    """EPU's own atlas with the squares that it found: those of the made-up grid."""
    path = folder / "Atlas.dm"
    path.write_text(atlas_dm(atlas_id))
    return path


def atlas_dm(atlas_id: int = ATLAS_ID) -> str:
    tiles = "".join(_dm_tile(index, atlas_id) for index in range(len(SITES)))
    return atlas_dm_xml(
        f"<AtlasImageReference><BaseFileName>Atlas_{atlas_id}</BaseFileName></AtlasImageReference>"
        f"<TilesEfficient><_items>{tiles}</_items><_size>{len(SITES)}</_size></TilesEfficient>"
    )


def _dm_tile(index: int, atlas_id: int) -> str:
    width, height = (round(side * PIXEL_UM / ATLAS_PIXEL_UM) for side in SIZE)
    x, y = (round(0.95 * n * side) for n, side in zip(SITES[index], (width, height), strict=True))
    name = tile_name(index, atlas_id)
    tile_id = int(name.split("_")[1])
    stage_x, stage_y = stage_um(index)
    nodes = "".join(_dm_node(number, index, tile_id) for number in _squares_of(index))
    return f"""<TileXml><Id>{tile_id}</Id>
      <AtlasPixelPosition><height>{height}</height><width>{width}</width><x>{x}</x><y>{y}</y>
      </AtlasPixelPosition><Nodes><KeyValuePairs>{nodes}</KeyValuePairs></Nodes>
      <StagePosition><X>{stage_x * 1e-6}</X><Y>{stage_y * 1e-6}</Y><Z>7E-05</Z></StagePosition>
      <TileImageReference><BaseFileName>{name}</BaseFileName></TileImageReference></TileXml>"""


def _squares_of(index: int) -> list[int]:
    """Numbers of the grid's squares whose centres lie on a tile and on no earlier one."""
    width_um, height_um = (side * PIXEL_UM for side in SIZE)

    def shown(number: int, tile: int) -> bool:
        column, row = SITES[tile]
        x, y = (
            GRID[number].x_um - 0.95 * column * width_um,
            GRID[number].y_um - 0.95 * row * height_um,
        )
        return abs(x) < width_um / 2 - 10 and abs(y) < height_um / 2 - 10

    return [
        number
        for number in range(len(GRID))
        if shown(number, index) and not any(shown(number, earlier) for earlier in range(index))
    ]


def _dm_node(number: int, index: int, tile_id: int) -> str:
    square, (column, row) = GRID[number], SITES[index]
    width, height = SIZE
    tile_x = square.x_um / PIXEL_UM - 0.95 * column * width + width / 2
    tile_y = square.y_um / PIXEL_UM - 0.95 * row * height + height / 2
    atlas_x = (square.x_um + width / 2 * PIXEL_UM) / ATLAS_PIXEL_UM - 0.5
    atlas_y = (square.y_um + height / 2 * PIXEL_UM) / ATLAS_PIXEL_UM - 0.5
    stage_x, stage_y = -square.x_um * 1e-6, square.y_um * 1e-6
    side = square.side_um / ATLAS_PIXEL_UM
    return f"""<KeyValuePairOfintNodeXml30oatNZW><key>{number}</key><value><Id>{number}</Id>
      <AlignedStagePosition><X>{stage_x + 1e-6}</X><Y>{stage_y}</Y></AlignedStagePosition>
      <Category>{number % 3}</Category><PositionOnTheAtlas>
      <Center><x>{atlas_x}</x><y>{atlas_y}</y></Center><Quality>1.5</Quality>
      <Rotation>{np.radians(square.rotation_deg)}</Rotation>
      <Size><height>{side}</height><width>{side}</width></Size></PositionOnTheAtlas>
      <StagePosition><X>{stage_x}</X><Y>{stage_y}</Y></StagePosition><TilePositions><_items>
      <TilePositionXml><Id>1</Id><NodePosition><Center><x>{tile_x}</x><y>{tile_y}</y></Center>
      </NodePosition><TileId>{tile_id}</TileId></TilePositionXml></_items><_size>1</_size>
      </TilePositions></value></KeyValuePairOfintNodeXml30oatNZW>"""


def take(pipeline: Pipeline, root: Path, path: Path, stalled: str | None = None) -> Taken:
    """Give a file to a pipeline as the watch does.

    Raises:
        ValueError: the file is none of EPU's.
    """
    file = classify(root, path)
    if file is None:
        raise ValueError(f"{path.name}: expected a file of EPU's, found something else")
    return pipeline.take(file, path, stalled)
