"""Build a data set folder of simulated squares with their truth."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.attributes import brightness, squareness
from model.dataset import DatasetWriter, Header, Labels, Split, Square, check_empty
from model.preprocess import Crop, film_units
from simulate.crops import Jitter, SimulatedCrop, cut_crop
from simulate.mesh import MeshKind
from simulate.raters import draw_raters, mean_labels, rate_all
from simulate.specimen import Specimen
from simulate.traits import EVERY_MESH, draw_kinds, draw_traits, make_clean, make_dry, make_ordinary
from simulate.view import draw_view, vary_view

RASTER_UM = 0.25
WILDNESS = 0.35
_TRIES = 6
_DROWNED = 0.8
_SKIPPED = 0.6
_CLEAN, _DRY, _ORDINARY = 0.15, 0.08, 0.2
"""Shares of grids with hardly any dirt, without ice or holes, and as most that are screened."""


@dataclass(frozen=True)
class DatasetPlan:
    """How many grids and squares, the seed, and the share of grids kept for validation and test.

    Labels are the truth, or with `raters` the mean of that many people's scores. Each grid has one
    of `meshes`.
    """

    grids: int
    squares_per_grid: int
    seed: int
    validation: float = 0.15
    test: float = 0.0
    raters: int = 0
    meshes: tuple[MeshKind, ...] = EVERY_MESH


def write_dataset(
    out: Path, plan: DatasetPlan, progress: Callable[[int], object] = lambda _: None
) -> None:
    """Write a whole data set; the same plan writes the same bytes.

    Args:
        out: A new or empty folder.
        plan: What to write.
        progress: Called with the number of squares just written.
    """
    check_empty(out)
    raters = draw_raters(plan.seed, plan.raters)
    header = Header(origin="simulated by xcryonet dataset", seed=plan.seed)
    with (
        DatasetWriter(out, header) as writer,
        (out / "truth.jsonl").open("w", encoding="utf-8") as truth,
    ):
        for grid in range(plan.grids):
            crops = simulate_grid(plan.seed, grid, plan.squares_per_grid, plan.meshes)
            for index, crop in enumerate(crops):
                labels = label(crop)
                ratings = rate_all(raters, labels, (plan.seed, grid, index))
                place = (grid, index, _split(grid, plan))
                line, facts = _describe(crop, place, mean_labels(labels, ratings))
                facts |= {"labels": labels.model_dump(), "ratings": ratings}
                writer.add(line, crop.pixels, crop.mask)
                truth.write(json.dumps(facts) + "\n")
                progress(1)


def simulate_grid(
    seed: int, grid: int, count: int, meshes: Sequence[MeshKind] = EVERY_MESH
) -> Iterator[SimulatedCrop]:
    """Draw one grid and cut `count` of its squares; drowned ones are thinned out."""
    rng = np.random.default_rng([seed, grid])
    mesh, foil, gold = draw_kinds(rng, meshes)
    traits = draw_traits(rng, mesh, foil, gold=gold)
    kind = rng.random()
    if kind < _CLEAN:
        traits = make_clean(rng, traits)
    elif kind < _CLEAN + _DRY:
        traits = make_dry(rng, traits)
    elif kind < _CLEAN + _DRY + _ORDINARY:
        traits = make_ordinary(rng, traits)
    specimen = Specimen(traits, (seed, grid), wildness=WILDNESS)
    view = draw_view(rng)
    squares = traits.mesh.squares()
    order = rng.permutation(len(squares))
    made = 0
    for step in range(_TRIES * count):
        if made == count:
            break
        column, row = squares[order[step % len(squares)]]
        if specimen.recipe(column, row).ice.fill > _DROWNED and rng.random() < _SKIPPED:
            continue
        square = specimen.square(column, row, RASTER_UM)
        crop = cut_crop(rng, specimen, square, vary_view(rng, view), Jitter.draw(rng))
        if crop is not None:
            made += 1
            yield crop


def label(crop: SimulatedCrop) -> Labels:
    """The paper's five scores: two computed from the pixels, three from what shows of the truth."""
    pixels = film_units(Crop(crop.pixels, crop.full_scale, crop.film_level, crop.vacuum_level))
    severities = crop.sight.severities
    return Labels(
        brightness=brightness(pixels),
        squareness=squareness(pixels),
        cracking=severities.cracking,
        contamination=severities.contamination,
        overall=severities.overall,
    )


def _split(grid: int, plan: DatasetPlan) -> Split:
    """The last grids are kept for test and validation; a grid is never divided."""
    left = plan.grids - grid
    held_test = round(plan.grids * plan.test)
    held = held_test + max(round(plan.grids * plan.validation), 1 if plan.grids > 1 else 0)
    if left <= held_test:
        return Split.TEST
    return Split.VALIDATION if left <= held else Split.TRAIN


def _describe(
    crop: SimulatedCrop, place: tuple[int, int, Split], labels: Labels
) -> tuple[Square, dict[str, object]]:
    """The square's line of the list, and its further truth."""
    grid, index, split = place
    name, folder = f"g{grid:03d}-{index:04d}", f"g{grid:03d}"
    square, condition = crop.square, crop.sight.condition
    line = Square(
        id=name,
        grid=folder,
        crop=f"crops/{folder}/{name}.png",
        mask=f"masks/{folder}/{name}.png",
        full_scale=crop.full_scale,
        film_level=crop.film_level,
        vacuum_level=crop.vacuum_level,
        mesh_pitch_um=crop.mesh_pitch_um,
        labels=labels,
        split=split,
    )
    facts: dict[str, object] = {
        "id": name,
        "column": square.recipe.column,
        "row": square.recipe.row,
        "thick_ice": crop.sight.severities.thick_ice,
        "missing_share": condition.missing,
        "dirty_share": crop.sight.dirty_share,
        "dirt_counted": condition.dirty,
        "window_share": condition.window,
        "hole_clearness": condition.clearness,
        "width_um": square.size_um[0],
        "height_um": square.size_um[1],
        "tear": square.recipe.tear.value,
    }
    return line, facts
