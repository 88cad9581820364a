"""Read Atlas.dm: EPU's own model of an atlas, its tiles and the squares that it found.

Seen from EPU 3.4 to 3.9. The file exists, empty, before the first tile, and is rewritten for
hours. A square's position is `StagePosition`; `Physical` is the corner of a rectangle and is not
read. Lists are padded with nil entries, and dictionaries without entries have no `KeyValuePairs`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.epu.names import atlas_id_of, tile_index_of
from ingest.epu.xml import Node, read_document

_UM_PER_M = 1e6


@dataclass(frozen=True, slots=True)
class AtlasAlignment:
    """How the grid lay when EPU aligned it: takes StagePosition to AlignedStagePosition."""

    rotation_rad: float
    translation_um: tuple[float, float]


@dataclass(frozen=True, slots=True)
class AtlasDmNode:
    """A grid square as EPU found it.

    Attributes:
        node_id: EPU's id: also the number of its `GridSquare_<id>` in a data session.
        category: EPU's cluster within this atlas, None where it made none.
        center_px: Centre x, y in atlas pixels.
        size_px: Width, height of the rotated square, atlas pixels.
        rotation_rad: Rotation in the atlas.
        quality: EPU's figure of merit for the fit, None where absent.
        stage_um: Stage x, y that centres it.
        aligned_stage_um: The same after the atlas alignment, None where absent.
        tile_positions: For each tile that shows it: tile id, and its centre x, y in tile pixels.
    """

    node_id: int
    category: int | None
    center_px: tuple[float, float]
    size_px: tuple[float, float]
    rotation_rad: float
    quality: float | None
    stage_um: tuple[float, float]
    aligned_stage_um: tuple[float, float] | None
    tile_positions: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True, slots=True)
class AtlasDmTile:
    """A tile as EPU placed it.

    Attributes:
        tile_id: EPU's id.
        name: File stem.
        index: 0-based order of acquisition from the name, None where the name has none.
        rect_px: x, y, width, height in atlas pixels.
        stage_um: Stage x, y, z.
        nodes: Squares that this tile was the first to show.
    """

    tile_id: int
    name: str
    index: int | None
    rect_px: tuple[int, int, int, int]
    stage_um: tuple[float, float, float]
    nodes: tuple[AtlasDmNode, ...]


@dataclass(frozen=True, slots=True)
class AtlasDm:
    """An atlas; without tiles while it has not been acquired.

    Attributes:
        atlas_image_name: File stem of the stitched image, None before acquisition.
        atlas_id: EPU's atlas id from that name: the only id that ties it to its tiles' files.
        acquired_at: Start of the atlas, or creation of the empty file; UTC.
        tiles: In order of acquisition.
        selected_categories: Clusters that the operator ticked.
        alignment: None before the grid was aligned.
    """

    atlas_image_name: str | None
    atlas_id: int | None
    acquired_at: datetime | None
    tiles: tuple[AtlasDmTile, ...]
    selected_categories: tuple[int, ...]
    alignment: AtlasAlignment | None


def read_atlas_dm(path: Path) -> AtlasDm:
    """Read Atlas.dm.

    An `IncompleteFile` was caught half-written: read it again when it has changed. Another
    `EpuError` says that it is no Atlas.dm, or that a tile or square lacks its position.
    """
    atlas = read_document(path, "AtlasSessionXml").get("Atlas")
    name_node = atlas.find("AtlasImageReference", "BaseFileName")
    name = None if name_node is None else name_node.text()
    acquired = atlas.find("AcquisitionDateTime")
    return AtlasDm(
        atlas_image_name=name,
        atlas_id=None if name is None else atlas_id_of(name),
        acquired_at=None if acquired is None else acquired.moment(),
        tiles=tuple(_tile(node) for node in _listed(atlas, "TilesEfficient", "TileXml")),
        selected_categories=tuple(
            node.integer() for node in _listed(atlas, "SelectedCategories", "int")
        ),
        alignment=_alignment(atlas.find("AtlasAlignmentTransformation")),
    )


def _listed(parent: Node, name: str, item: str) -> Iterator[Node]:
    """Entries of a .NET list: the first `_size` of `_items`."""
    found = parent.find(name)
    items = None if found is None else found.find("_items")
    if found is None or items is None:
        return
    size = found.find("_size")
    limit = None if size is None else size.integer()
    for count, node in enumerate(items.children(item)):
        if limit is not None and count >= limit:
            return
        yield node


def _tile(node: Node) -> AtlasDmTile:
    name = node.get("TileImageReference", "BaseFileName").text() or ""
    rect = node.get("AtlasPixelPosition")
    x, y, width, height = (round(rect.get(side).number()) for side in ("x", "y", "width", "height"))
    stage = node.get("StagePosition")
    stage_x, stage_y, stage_z = (stage.get(axis).number() * _UM_PER_M for axis in "XYZ")
    pairs = node.find("Nodes", "KeyValuePairs")
    found = (
        []
        if pairs is None
        else [pair.get("value") for pair in pairs.children("KeyValuePairOfintNodeXml*")]
    )
    return AtlasDmTile(
        tile_id=node.get("Id").integer(),
        name=name,
        index=tile_index_of(name),
        rect_px=(x, y, width, height),
        stage_um=(stage_x, stage_y, stage_z),
        nodes=tuple(_square(square) for square in found),
    )


def _square(node: Node) -> AtlasDmNode:
    place = node.get("PositionOnTheAtlas")
    category, quality = node.find("Category"), place.find("Quality")
    aligned = node.find("AlignedStagePosition")
    return AtlasDmNode(
        node_id=node.get("Id").integer(),
        category=None if category is None else category.integer(),
        center_px=_pair(place.get("Center"), "x", "y"),
        size_px=_pair(place.get("Size"), "width", "height"),
        rotation_rad=place.get("Rotation").number(),
        quality=None if quality is None else quality.number(),
        stage_um=_stage_um(node.get("StagePosition")),
        aligned_stage_um=None if aligned is None else _stage_um(aligned),
        tile_positions=tuple(
            _tile_position(found) for found in _listed(node, "TilePositions", "TilePositionXml")
        ),
    )


def _tile_position(node: Node) -> tuple[int, float, float]:
    x, y = _pair(node.get("NodePosition", "Center"), "x", "y")
    return node.get("TileId").integer(), x, y


def _alignment(node: Node | None) -> AtlasAlignment | None:
    if node is None:
        return None
    x, y = _pair(node.get("Translation"), "width", "height")
    return AtlasAlignment(node.get("Rotation").number(), (x * _UM_PER_M, y * _UM_PER_M))


def _stage_um(node: Node) -> tuple[float, float]:
    x, y = _pair(node, "X", "Y")
    return x * _UM_PER_M, y * _UM_PER_M


def _pair(node: Node, first: str, second: str) -> tuple[float, float]:
    return node.get(first).number(), node.get(second).number()
