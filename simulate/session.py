"""A whole screening session, written as EPU writes it: every file, its order, its pace."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from model.dataset import check_empty
from simulate.acquisition import Atlas, Counter, Scene, Step, atlas_size_px
from simulate.camera import Detector, Optics
from simulate.delivery import Delivery, Writer
from simulate.epu_atlas import AtlasState, atlas_dm
from simulate.epu_nodes import TileEntry
from simulate.epu_session import SampleState, sample_dm, screening_session_dm
from simulate.film import FoilKind
from simulate.instrument import Instrument
from simulate.mesh import MeshKind
from simulate.nodes import NodeFinder
from simulate.specimen import Specimen
from simulate.traits import draw_traits, make_ordinary
from simulate.variant import ABORTED_TILES, Variant, apply_to_traits

EXCHANGE_S = 233.0
"""From the last tile of one grid to the first of the next (autoloader exchange)."""

STARTED_AT = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
PARTS_APART_S = 0.5
AHEAD_S = 86_400.0
_FIRST_ID = 19_000_000
_REACQUIRED_SHARE = 0.35


@dataclass(frozen=True)
class SessionPlan:
    """What to simulate. `speed` divides EPU's waiting times; None waits not at all."""

    instrument: Instrument
    mesh: MeshKind = MeshKind.MESH_300
    foil: FoilKind = FoilKind.R2_1
    grids: int = 1
    seed: int = 1
    speed: float | None = None
    variant: Variant = Variant.PLAIN
    started_at: datetime = STARTED_AT

    @property
    def tiles(self) -> int:
        """Tiles that will be written in all."""
        whole = self.instrument.tiles
        if self.variant is Variant.ABORTED:
            return self.grids * min(ABORTED_TILES, whole)
        if self.variant is Variant.REACQUIRED:
            return self.grids * (whole + _first_try(self.instrument))
        return self.grids * whole


@dataclass(frozen=True)
class SquareTruth:
    """What is known of one square of a written session."""

    sample: int
    atlas_id: int
    node_id: int
    stage_x_um: float
    stage_y_um: float
    atlas_x_px: float
    atlas_y_px: float
    width_um: float
    height_um: float
    cracking: float
    contamination: float
    thick_ice: float
    overall: float


def write_session(
    out: Path, plan: SessionPlan, progress: Callable[[int], object] = lambda _: None
) -> list[SquareTruth]:
    """Write a session folder under `out`, and its truth as `truth.jsonl` beside it.

    The same plan writes the same bytes; only file dates differ.

    Args:
        out: A new or empty folder.
        plan: What to write.
        progress: Called with the number of tiles just written.
    """
    check_empty(out)
    session = _Session(out, plan)
    session.write_skeletons()
    truth: list[SquareTruth] = []
    for grid in range(plan.grids):
        truth.extend(session.acquire(grid, progress))
    lines = "".join(json.dumps(asdict(square)) + "\n" for square in truth)
    (out / "truth.jsonl").write_text(lines, encoding="utf-8")
    return truth


def make_specimen(plan: SessionPlan, grid: int) -> Specimen:
    """The grid in one autoloader slot."""
    rng = np.random.default_rng([plan.seed, grid, 7])
    drawn = draw_traits(rng, plan.mesh, plan.foil, gold=False)
    traits = apply_to_traits(plan.variant, make_ordinary(rng, drawn))
    return Specimen(traits, (plan.seed, grid, 8))


def draw_look(rng: np.random.Generator) -> tuple[Optics, Detector]:
    """Dose and sharpness of one grid's atlas, as low magnification has them."""
    optics = Optics(
        electrons=float(rng.uniform(25, 60)),
        blur_um=float(rng.uniform(0.3, 0.7)),
        scatter=float(rng.uniform(0.006, 0.02)),
        scatter_um=float(rng.uniform(10, 35)),
        fringe=0.1,
        leak=float(rng.uniform(0.003, 0.012)),
        shading=(0.0, 0.0),
    )
    detector = Detector(counts=32.0, gain_sd=0.0, stripe_sd=0.01, dark=0.9, hot_row=0.4)
    return optics, detector


def _first_try(instrument: Instrument) -> int:
    return max(1, round(_REACQUIRED_SHARE * instrument.tiles))


class _Session:
    """The folder, the counter and the clock of a session while it is written."""

    def __init__(self, out: Path, plan: SessionPlan) -> None:
        self._plan = plan
        self._name = f"Supervisor_{plan.started_at:%Y%m%d_%H%M%S}_Simulated"
        self._root = out / self._name
        self._counter = Counter(_FIRST_ID + 1000 * plan.seed % 1_000_000)
        self._clock = plan.started_at
        self._writer = _writer(plan)
        self._session_id = self._counter.step(2)
        self._sample_ids = {k: self._counter.step(1) for k in [*range(1, plan.grids + 2), 0]}

    def write_skeletons(self) -> None:
        """What EPU writes within a tenth of a second of the session's creation, for every slot."""
        state = self._state(self._session_id, None, ())
        slots = (*range(len(self._sample_ids) - 1), -1)
        instrument = self._plan.instrument
        session = screening_session_dm(instrument, state, self._name, "Z:\\simulated\\atlas", slots)
        self._writer.write(self._root / "ScreeningSession.dm", session)
        self._writer.write(self._root / "Atlas" / "Atlas.dm", atlas_dm(instrument, state))
        for sample in self._sample_ids:
            self._write_sample(sample, None)
            empty = self._state(self._sample_ids[sample] + 1, sample, ())
            path = self._folder(sample) / "Atlas.dm"
            self._writer.write(path, atlas_dm(instrument, empty))

    def acquire(self, grid: int, progress: Callable[[int], object]) -> Iterator[SquareTruth]:
        """Acquire one grid, with all attempts that the variant asks for."""
        specimen = make_specimen(self._plan, grid)
        look = draw_look(np.random.default_rng([self._plan.seed, grid, 9]))
        scene = Scene(specimen, self._plan.instrument, look, self._plan.variant)
        if grid:
            self._wait(EXCHANGE_S)
        attempts = [self._plan.instrument.tiles]
        if self._plan.variant is Variant.REACQUIRED:
            attempts = [_first_try(self._plan.instrument), *attempts]
        if self._plan.variant is Variant.ABORTED:
            attempts = [min(ABORTED_TILES, self._plan.instrument.tiles)]
        truth: list[SquareTruth] = []
        for number, tiles in enumerate(attempts):
            atlas = self._begin(scene, grid, number)
            step: Step | None = None
            for step in atlas.acquire(tiles):
                self._write_step(grid + 1, atlas, step, progress)
            truth = self._truth(grid + 1, atlas, step.tiles if step else ())
        yield from truth

    def _begin(self, scene: Scene, grid: int, number: int) -> Atlas:
        rng = np.random.default_rng([self._plan.seed, grid, 10 + number])
        width, height = atlas_size_px(scene.instrument)
        atlas_id = self._counter.step(int(rng.integers(20, 90)))
        return Atlas(
            scene=scene,
            atlas_id=atlas_id,
            started_at=self._clock,
            planned=scene.instrument.tiles,
            rng=rng,
            counter=self._counter,
            finder=NodeFinder(scene.specimen, scene.instrument),
            canvas=np.zeros((height, width), np.uint16),
        )

    def _write_step(
        self, sample: int, atlas: Atlas, step: Step, progress: Callable[[int], object]
    ) -> None:
        self._wait(step.wait_s)
        folder = self._folder(sample)
        for name, data in step.files:
            self._writer.write(folder / name, data)
        done = 100.0 * step.acquired / atlas.planned
        self._write_sample(sample, done)
        if any(tile.nodes for tile in step.tiles) or step.acquired == atlas.planned:
            state = self._state(self._sample_ids[sample] + 1, sample, step.tiles, atlas)
            self._writer.write(folder / "Atlas.dm", atlas_dm(atlas.scene.instrument, state))
        is_tile = any(name.startswith("Tile_") for name, _ in step.files) and step.wait_s > 1.0
        progress(int(is_tile))

    def _truth(self, sample: int, atlas: Atlas, tiles: tuple[TileEntry, ...]) -> list[SquareTruth]:
        return [
            SquareTruth(
                sample=sample,
                atlas_id=atlas.atlas_id,
                node_id=node.node_id,
                stage_x_um=node.stage_um[0],
                stage_y_um=node.stage_um[1],
                atlas_x_px=node.x_px,
                atlas_y_px=node.y_px,
                width_um=node.width_px * node.pixel_um,
                height_um=node.height_px * node.pixel_um,
                cracking=node.severities.cracking,
                contamination=node.severities.contamination,
                thick_ice=node.severities.thick_ice,
                overall=node.severities.overall,
            )
            for tile in tiles
            for node in tile.nodes
        ]

    def _state(
        self,
        session_id: int,
        sample: int | None,
        tiles: tuple[TileEntry, ...],
        atlas: Atlas | None = None,
    ) -> AtlasState:
        folder = f"Z:\\simulated\\atlas\\{self._name}"
        tiff = self._plan.variant is Variant.TIFF
        return AtlasState(
            session_id=session_id,
            started_at=self._plan.started_at,
            acquired_at=atlas.started_at if atlas else self._plan.started_at,
            folder=folder if sample is None else f"{folder}\\Sample{sample}",
            description=f"Atlas for autoloader slot {sample}" if atlas else _no_text(sample),
            atlas_name=atlas.name if atlas else None,
            tiles=tiles,
            file_format="Tiff" if tiff else "Mrc",
        )

    def _write_sample(self, sample: int, percent: float | None) -> None:
        name = "Single Atlas" if sample == 0 else f"simulated {sample}" if percent else ""
        state = SampleState(self._sample_ids[sample], sample - 1, name, percent)
        self._writer.write(self._folder(sample).parent / "Sample.dm", sample_dm(state))

    def _folder(self, sample: int) -> Path:
        return self._root / f"Sample{sample}" / "Atlas"

    def _wait(self, seconds: float) -> None:
        self._clock += timedelta(seconds=seconds)
        if self._plan.speed is not None:
            self._writer.sleep(seconds / self._plan.speed)


def _no_text(sample: int | None) -> str | None:
    """The session's own skeleton has an empty description, a slot's has none."""
    return "" if sample is None else None


def _writer(plan: SessionPlan) -> Writer:
    ways = {Variant.SPLIT_WRITES: Delivery.SPLIT, Variant.RENAMED: Delivery.RENAMED}
    return Writer(
        how=ways.get(plan.variant, Delivery.DIRECT),
        pause_s=PARTS_APART_S / plan.speed if plan.speed else 0.0,
        ahead_s=AHEAD_S if plan.variant is Variant.FUTURE_DATES else 0.0,
    )
