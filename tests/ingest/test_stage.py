import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.place import Placed, TileOptics
from ingest.records import StageSource
from ingest.stage import StageModel, StageSample, fit_stage_model, nominal_stage_model

KRIOS_UM = np.array([[69.661097546716, -4.295524596407], [-4.295524596407, -69.661097546716]])
KRIOS = StageModel(0.96915, 35_000.0, StageSource.EPU_NODES, 0.0)


def tile(stage_um: tuple[float, float], index: int = 0) -> TileOptics:
    return TileOptics(index, stage_um, KRIOS_UM * 2e-3, 0.13958681677195, 2880, 2046)


def samples_of(
    model: StageModel, count: int, *, rows_um: tuple[float, float] = (-800, 800)
) -> list[StageSample]:
    """Nodes spread over tiles and pixels, their stage positions by `model`."""
    draw = np.random.default_rng(3)
    found = []
    for number in range(count):
        at = (float(draw.uniform(-800, 800)), float(draw.uniform(*rows_um)))
        seen = tile(at, number // 4)
        x_px, y_px = float(draw.uniform(0, 2880)), float(draw.uniform(0, 2046))
        found.append(StageSample(seen, x_px, y_px, model.position(seen, x_px, y_px)))
    return found


def test_the_middle_of_a_tile_is_where_its_stage_stood() -> None:
    assert KRIOS.position(tile((123.0, -45.0)), 1440, 1023) == (123.0, -45.0)


def test_without_scale_and_pivot_the_matrix_alone_leads_to_the_stage() -> None:
    plain = StageModel(1.0, None, StageSource.NOMINAL, 6.0)
    optics = TileOptics(0, (10.0, 20.0), np.diag([0.1, -0.1]), 0.1, 200, 100)

    assert plain.position(optics, 110, 60) == pytest.approx((9.0, 21.0))


def test_a_real_node_is_where_epu_sends_the_stage() -> None:
    position = KRIOS.position(tile((0.001, 0.015)), 388.46, 150.69)

    assert position == pytest.approx((134.738, -130.513), abs=0.1)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.9, 1.1), pivot_mm=st.floats(15, 80), side=st.sampled_from([-1.0, 1.0]))
def test_nodes_give_scale_and_pivot_back(scale: float, pivot_mm: float, side: float) -> None:
    made_with = StageModel(scale, side * pivot_mm * 1e3, StageSource.EPU_NODES, 0.0)

    found = fit_stage_model(samples_of(made_with, 30))

    assert found is not None
    assert found.scale_x == pytest.approx(scale, abs=5e-4)
    assert found.pivot_um == pytest.approx(made_with.pivot_um, rel=5e-3)
    assert found.residual_um < 0.1
    assert found.source is StageSource.EPU_NODES


def test_the_residual_says_how_far_nodes_are_off() -> None:
    exact = samples_of(KRIOS, 400)
    draw = np.random.default_rng(1)
    noisy = [
        StageSample(s.tile, s.x_px, s.y_px, (s.stage_um[0] + dx, s.stage_um[1] + dy))
        for s, (dx, dy) in zip(exact, draw.normal(0, 0.3, (400, 2)).tolist(), strict=True)
    ]

    found = fit_stage_model(noisy)

    assert found is not None
    assert found.residual_um == pytest.approx(0.3 * np.sqrt(2), rel=0.1)


def shifted(sample: StageSample, dx_um: float, dy_um: float) -> StageSample:
    x_um, y_um = sample.stage_um
    return StageSample(sample.tile, sample.x_px, sample.y_px, (x_um + dx_um, y_um + dy_um))


def test_a_fifth_of_the_nodes_far_off_changes_nothing() -> None:
    exact = samples_of(KRIOS, 100)
    wrong = [shifted(s, 60.0, -40.0) if i % 5 == 0 else s for i, s in enumerate(exact)]

    found = fit_stage_model(wrong)

    assert found is not None
    assert found.scale_x == pytest.approx(KRIOS.scale_x, abs=1e-3)
    assert found.pivot_um == pytest.approx(KRIOS.pivot_um, rel=0.02)


def test_a_turn_is_found_where_there_is_one() -> None:
    turned = StageModel(0.97, 35_000.0, StageSource.EPU_NODES, 0.0, 0.01)
    noisy = [
        shifted(s, dx, dy)
        for s, (dx, dy) in zip(
            samples_of(turned, 80),
            np.random.default_rng(1).normal(0, 0.3, (80, 2)).tolist(),
            strict=True,
        )
    ]

    found = fit_stage_model(noisy)

    assert found is not None
    assert found.turn_rad == pytest.approx(0.01, abs=1e-3)
    assert found.residual_um == pytest.approx(0.3 * np.sqrt(2), rel=0.2)


def test_noise_alone_makes_no_turn() -> None:
    draw = np.random.default_rng(2).normal(0, 1.0, (40, 2)).tolist()
    noisy = [shifted(s, dx, dy) for s, (dx, dy) in zip(samples_of(KRIOS, 40), draw, strict=True)]

    found = fit_stage_model(noisy)

    assert found is not None
    assert found.turn_rad == 0


def test_tiles_of_one_row_leave_the_pivot_as_it_was_known() -> None:
    found = fit_stage_model(samples_of(KRIOS, 40, rows_um=(0.0, 0.0)))

    assert found is not None
    assert found.pivot_um == pytest.approx(35_000.0)
    assert found.scale_x == pytest.approx(KRIOS.scale_x, abs=1e-4)


def test_seven_nodes_are_too_few() -> None:
    assert fit_stage_model(samples_of(KRIOS, 7)) is None
    assert fit_stage_model(samples_of(KRIOS, 8)) is not None


def lattice_tiles(
    sites: list[tuple[int, int]], scale_x: float
) -> tuple[dict[str, TileOptics], dict[str, Placed]]:
    tiles, placed = {}, {}
    for number, (column, row) in enumerate(sites):
        step = -KRIOS_UM * 2e-3 @ np.array([column * 0.95 * 2880, row * 0.95 * 2046])
        tiles[str(number)] = tile((scale_x * float(step[0]), float(step[1])), number)
        placed[str(number)] = Placed(column, row, 0.0, 0.0)
    return tiles, placed


def test_four_tiles_not_in_line_tell_the_x_scale() -> None:
    found = nominal_stage_model(*lattice_tiles([(0, 0), (0, 1), (1, 1), (1, 0)], 0.97))

    assert found.scale_x == pytest.approx(0.97, abs=1e-3)
    assert found.source is StageSource.STAGE_MODEL


@pytest.mark.parametrize(
    "sites", [[(0, 0)], [(0, 0), (0, 1), (1, 1)], [(0, 0), (0, 1), (0, 2), (0, 3)]]
)
def test_fewer_or_tiles_in_line_leave_the_nominal_scale(sites: list[tuple[int, int]]) -> None:
    found = nominal_stage_model(*lattice_tiles(sites, 0.97))

    assert (found.scale_x, found.source) == (1.0, StageSource.NOMINAL)
    assert found.residual_um > 1
