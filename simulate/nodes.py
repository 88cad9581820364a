"""EPU finding grid squares on its tiles: each belongs to the tile that first showed it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from simulate.epu_nodes import Node, TileEntry, TilePosition
from simulate.instrument import Instrument
from simulate.rubric import Severities
from simulate.specimen import Specimen
from simulate.tile import Seen, mesh_rotation

Key = tuple[int, int]


class NumberSource(Protocol):
    """Something that counts on."""

    def step(self, by: int) -> int:
        """The next number."""


@dataclass
class _Found:
    owner: int
    seen: Seen
    box_px: tuple[int, int, int, int]
    on: dict[int, Seen]
    node_id: int | None = None


class NodeFinder:
    """Collects what tiles show and turns it into the nodes of Atlas.dm."""

    def __init__(self, specimen: Specimen, instrument: Instrument) -> None:
        self._instrument = instrument
        self._found: dict[Key, _Found] = {}
        self._rotation = mesh_rotation(specimen, instrument)

    def add(self, tile_id: int, box_px: tuple[int, int, int, int], seen: Sequence[Seen]) -> None:
        """Take note of the windows that a tile shows."""
        for one in seen:
            key = (one.column, one.row)
            found = self._found.setdefault(key, _Found(tile_id, one, box_px, {}))
            found.on[tile_id] = one

    def with_nodes(
        self, entries: Sequence[TileEntry], counter: NumberSource
    ) -> tuple[TileEntry, ...]:
        """The tiles with the nodes they own; new squares get their number now."""
        for found in self._found.values():
            if found.node_id is None:
                found.node_id = counter.step(3)
        owned: dict[int, list[Node]] = {}
        for found in self._found.values():
            owned.setdefault(found.owner, []).append(self._node(found, None, ()))
        return tuple(replace(e, nodes=tuple(owned.get(e.tile_id, []))) for e in entries)

    def finish(self, entries: Sequence[TileEntry]) -> tuple[TileEntry, ...]:
        """The same tiles with categories and features, which come when the atlas is whole."""
        features = self._features()
        categories = self._categories()
        by_id = {f.node_id: key for key, f in self._found.items() if f.node_id is not None}

        def finished(node: Node) -> Node:
            key = by_id[node.node_id]
            return replace(node, category=categories[key], features=features[key])

        return tuple(replace(e, nodes=tuple(map(finished, e.nodes))) for e in entries)

    def _node(self, found: _Found, category: int | None, features: tuple[float, ...]) -> Node:
        instrument, seen = self._instrument, found.seen
        scale = instrument.atlas_scale
        x0, y0, _, _ = found.box_px
        to_atlas = scale / instrument.pixel_um
        positions = tuple(
            TilePosition((found.node_id or 0) + 1 + i, tile_id, one.x_px, one.y_px)
            for i, (tile_id, one) in enumerate(sorted(found.on.items()))
        )
        return Node(
            node_id=found.node_id or 0,
            x_px=x0 + seen.x_px * scale,
            y_px=y0 + seen.y_px * scale,
            width_px=seen.size_um[0] * to_atlas,
            height_px=seen.size_um[1] * to_atlas,
            rotation=self._rotation,
            stage_um=seen.stage_um,
            pixel_um=instrument.pixel_um / scale,
            tile_scale=scale,
            category=category,
            features=features,
            positions=positions,
            severities=seen.severities,
        )

    def _features(self) -> dict[Key, tuple[float, ...]]:
        """Five standardised measures of each square."""
        keys = list(self._found)
        if not keys:
            return {}
        rows = []
        for key in keys:
            seen = self._found[key].seen
            severities = seen.severities
            width, height = seen.size_um
            rows.append(
                [width, height, width * height, severities.thick_ice, severities.contamination]
            )
        table = np.array(rows)
        table = (table - table.mean(axis=0)) / np.maximum(table.std(axis=0), 1e-9)
        return {key: tuple(map(float, row)) for key, row in zip(keys, table, strict=True)}

    def _categories(self) -> dict[Key, int | None]:
        """Clusters numbered by how many squares they hold, as EPU numbers them."""
        kinds: dict[Key, int] = {}
        for key, found in self._found.items():
            kinds[key] = _kind(found.seen.severities)
        population = sorted(set(kinds.values()), key=lambda k: -list(kinds.values()).count(k))
        number = {kind: i for i, kind in enumerate(population)}
        return {key: number[kind] for key, kind in kinds.items()}


def _kind(severities: Severities) -> int:
    """Torn, dirty, or one of three classes of ice."""
    if severities.cracking > 1.5:
        return 3
    return 4 if severities.contamination > 3 else int(severities.thick_ice // 1.4)
