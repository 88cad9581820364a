import numpy as np
import pytest

from simulate.contamination import Dirt
from simulate.crops import film_transmission
from simulate.film import FoilKind
from simulate.mesh import MeshKind
from simulate.specimen import Specimen
from simulate.square import CRACK_BIT, DIRT_BIT
from simulate.traits import draw_traits, make_clean, make_dry


def specimen(seed: int = 5, kind: MeshKind = MeshKind.MESH_300) -> Specimen:
    rng = np.random.default_rng(seed)
    return Specimen(draw_traits(rng, kind, FoilKind.R2_1, gold=False), (seed,))


def test_the_same_seed_gives_the_same_square_in_any_order() -> None:
    one, two = specimen(), specimen()
    first = one.square(3, 2, 0.5)
    two.square(-1, 4, 0.5)
    second = two.square(3, 2, 0.5)
    assert np.array_equal(first.transmission, second.transmission)
    assert first.severities == second.severities


def test_another_seed_gives_another_grid() -> None:
    assert specimen(5).recipe(0, 0) != specimen(6).recipe(0, 0)


def test_transmission_is_a_share_and_bars_are_dark() -> None:
    square = specimen().square(0, 0, 0.5)
    assert square.transmission.min() >= 0
    assert square.transmission.max() <= 1
    assert square.transmission[0].max() == 0


@pytest.mark.parametrize("kind", list(MeshKind))
def test_a_region_shows_each_square_where_the_mesh_says(kind: MeshKind) -> None:
    grid = specimen(7, kind)
    to_image = np.array([[1.0, 0.0, 150.0], [0.0, 1.0, 150.0]])
    image = grid.render(to_image, 300, 300, pixel_um=1.0, coarse_um=1.0)
    cells = grid.squares_in(to_image, 300, 300)
    assert len(cells) >= 4
    alone = np.zeros_like(image)
    for column, row in cells:
        x, y = np.array(grid.mesh.center_um(column, row)) + 150
        yy, xx = np.indices(image.shape)
        alone[np.hypot(xx - x, yy - y) < grid.mesh.window_um * 0.8] = 1
    assert image.max() > 0.3
    assert image[alone == 0].max(initial=0) == 0


def test_neighbours_are_more_alike_than_strangers() -> None:
    fills: list[tuple[float, float, float]] = []
    for seed in range(12):
        grid = specimen(seed)
        here = grid.recipe(0, 0).ice.fill
        fills.append((here, grid.recipe(1, 0).ice.fill, grid.recipe(10, -7).ice.fill))
    a, near, far = np.array(fills).T
    assert np.mean(np.abs(a - near)) < np.mean(np.abs(a - far))


def test_the_mask_marks_what_the_condition_counts_but_for_the_palest_dirt() -> None:
    grid = specimen()
    squares = [grid.square(c, r, 0.5) for c in range(-3, 3) for r in range(-3, 3)]
    dirty = [float(np.mean(s.mask & DIRT_BIT > 0)) for s in squares]
    torn = [bool(np.any(s.mask & CRACK_BIT)) for s in squares]
    assert all(s.condition.dirty > 0 for s, marked in zip(squares, dirty, strict=True) if marked)
    assert all(marked for s, marked in zip(squares, dirty, strict=True) if s.condition.dirty > 0.02)
    assert all(s.condition.missing > 0 for s, is_torn in zip(squares, torn, strict=True) if is_torn)


def test_a_recipe_asks_for_no_negative_amount_of_dirt() -> None:
    dirt: list[Dirt] = [specimen(s).recipe(0, 0).dirt for s in range(20)]
    assert all(min(d.specks, d.groups, d.clumps, d.flakes, d.crystals, d.frost) >= 0 for d in dirt)


def test_most_squares_of_a_clean_grid_show_hardly_a_speck_and_its_film_is_the_same() -> None:
    rng = np.random.default_rng(4)
    before = draw_traits(rng, MeshKind.MESH_300, FoilKind.R2_1, gold=False)
    after = make_clean(rng, before)
    assert (after.mesh, after.foil, after.tears) == (before.mesh, before.foil, before.tears)
    grid = Specimen(after, (4,))
    squares = [grid.square(c, r, 0.5) for c in range(-2, 2) for r in range(-2, 2)]
    assert np.median([s.severities.contamination for s in squares]) < 0.5


def test_a_dry_grid_has_no_hole_no_rim_and_lets_all_of_its_windows_shine() -> None:
    rng = np.random.default_rng(6)
    dry = make_dry(rng, draw_traits(rng, MeshKind.MESH_300, FoilKind.R2_1, gold=True))
    assert film_transmission(Specimen(dry, (6,))) == pytest.approx(np.exp(-dry.foil.depth), rel=0.1)
    squares = [Specimen(dry, (6,)).square(c, r, 0.5) for c in range(-2, 2) for r in range(-2, 2)]
    assert np.median([s.severities.thick_ice for s in squares]) < 0.5
    assert np.median([s.condition.window for s in squares]) > 0.95
