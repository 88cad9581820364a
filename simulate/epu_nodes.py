"""The tiles and grid squares inside Atlas.dm (EPU 3.4)."""

from dataclasses import dataclass
from math import sqrt

from simulate.epu_image import ALPHA_RAD, BETA_RAD, STAGE_Z_M
from simulate.epu_shared import (
    CORE,
    LIBRARY,
    dictionary_head,
    dictionary_type,
    image_reference,
    prefixed,
    rectangle,
    size,
    xy,
)
from simulate.epu_xml import AR, SO, D, Element, G, P, T, el, ident
from simulate.rubric import Severities

_NODE = f"[Applications.SciencesAppsShared.GridAtlas.Persistence.NodeXml, {LIBRARY}]"
_INT = f"[System.Int32, {CORE}]"
_PAIR = "KeyValuePairOfintNodeXml30oatNZW"
_CAPACITY = 4


@dataclass(frozen=True)
class TilePosition:
    """A square on one tile: EPU's id of this record, the tile's id, the centre in tile pixels."""

    record_id: int
    tile_id: int
    x_px: float
    y_px: float


@dataclass(frozen=True)
class Node:
    """A grid square as EPU found it.

    Centre and size in atlas pixels of `pixel_um`, stage in um, rotation in rad; `tile_scale` atlas
    pixels per tile pixel.
    """

    node_id: int
    x_px: float
    y_px: float
    width_px: float
    height_px: float
    rotation: float
    stage_um: tuple[float, float]
    pixel_um: float
    tile_scale: float
    category: int | None
    features: tuple[float, ...]
    positions: tuple[TilePosition, ...]
    severities: Severities


@dataclass(frozen=True)
class TileEntry:
    """A tile in Atlas.dm; `box_px` its rectangle in the atlas (x, y, width, height)."""

    tile_id: int
    name: str
    box_px: tuple[int, int, int, int]
    stage_um: tuple[float, float]
    nodes: tuple[Node, ...]
    file_format: str = "Mrc"


def tile_list(tag: str, prefix: str, tiles: tuple[TileEntry, ...]) -> Element:
    """TilesEfficient: a list with spare capacity, filled up with nil."""

    def p(name: str) -> str:
        return prefixed(prefix, name)

    capacity = _capacity(len(tiles))
    spare = (el(p("TileXml"), None) for _ in range(capacity - len(tiles)))
    items = ident(p("_items"), *map(_tile, tiles), *spare, Size=str(capacity))
    return ident(tag, items, el(p("_size"), len(tiles)), el(p("_version"), len(tiles)))


def _capacity(count: int) -> int:
    """A .NET list doubles from four."""
    capacity = _CAPACITY
    while capacity < count:
        capacity *= 2
    return capacity if count else 0


def _tile(tile: TileEntry) -> Element:
    x, y = tile.stage_um
    return ident(
        "TileXml",
        el("Id", tile.tile_id, default=T),
        rectangle("AtlasPixelPosition", "a", tile.box_px),
        _nodes(tile.nodes),
        el(
            "StagePosition",
            el("a:A", ALPHA_RAD),
            el("a:B", BETA_RAD),
            el("a:X", x * 1e-6),
            el("a:Y", y * 1e-6),
            el("a:Z", STAGE_Z_M),
            a=SO,
        ),
        image_reference("TileImageReference", "a", tile.name, tile.file_format),
    )


def _nodes(nodes: tuple[Node, ...]) -> Element:
    count = len(nodes)
    children = dictionary_head(count, 2 * count + 1 if count else 0, _INT, "int comparer")
    if nodes:
        pair_type = f"System.Collections.Generic.KeyValuePair`2[{_INT},{_NODE}][]"
        attributes = {"Type": pair_type, "Assembly": "0", "Size": str(count)}
        pairs = (el(_PAIR, el("key", node.node_id), _node(node), default=G) for node in nodes)
        children.append(ident("KeyValuePairs", *pairs, **attributes, default=""))
    return ident("Nodes", *children, **dictionary_type(_INT, _NODE), a=AR)


def _node(node: Node) -> Element:
    features = (
        ident(
            "b:FeatureVector",
            *(el("a:double", value) for value in node.features),
            Size=str(len(node.features)),
        )
        if node.features
        else el("b:FeatureVector", None)
    )
    positions = node.positions
    capacity = max(_capacity(len(positions)), _CAPACITY)
    spare = (el("b:TilePositionXml", None) for _ in range(capacity - len(positions)))
    items = ident(
        "b:_items",
        *(_tile_position(node, position) for position in positions),
        *spare,
        Size=str(capacity),
    )
    return ident(
        "value",
        el("Id", node.node_id, default=T),
        _stage("b:AlignedStagePosition", node.stage_um),
        el("b:Category", node.category),
        features,
        _place("b:PositionOnTheAtlas", node, (node.x_px, node.y_px), 1.0),
        _stage("b:StagePosition", node.stage_um),
        ident(
            "b:TilePositions",
            items,
            el("b:_size", len(positions)),
            el("b:_version", len(positions)),
        ),
        b=P,
    )


def _stage(tag: str, stage_um: tuple[float, float]) -> Element:
    x, y = stage_um
    return el(
        tag,
        el("c:A", 0),
        el("c:B", 0),
        el("c:X", x * 1e-6),
        el("c:Y", y * 1e-6),
        el("c:Z", 0),
        c=SO,
    )


def _tile_position(node: Node, position: TilePosition) -> Element:
    place = _place("b:NodePosition", node, (position.x_px, position.y_px), node.tile_scale)
    return ident(
        "b:TilePositionXml",
        el("Id", position.record_id, default=T),
        place,
        el("b:TileId", position.tile_id),
    )


def _place(tag: str, node: Node, center_px: tuple[float, float], scale: float) -> Element:
    """Where a node lies; Physical is a corner, and too small by sqrt(2), as EPU has it."""
    pixel_m = node.pixel_um * 1e-6 / sqrt(2)
    width_m, height_m = node.width_px * pixel_m, node.height_px * pixel_m
    corner = (node.stage_um[0] * 1e-6 - width_m / 2, node.stage_um[1] * 1e-6 - height_m / 2)
    return el(
        tag,
        xy("c:Center", "d", *center_px),
        rectangle("c:Physical", "d", (*corner, width_m, height_m)),
        el("c:Quality", 1.0),
        el("c:Rotation", node.rotation),
        el("c:Shear", 0),
        size("c:Size", "d", node.width_px / scale, node.height_px / scale),
        c=D,
    )
