"""Scoring: honest about what it cannot score, the same in any batch, safe on a full GPU."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from model.checkpoint import CheckpointError, save_checkpoint
from model.config import RunConfig
from model.looks import LOOKS
from model.network import Branches, XCryoNet
from model.predict import DEFAULT_WEIGHTS, Scorer, SquareScore, Status
from model.preprocess import Crop
from tests.model.samples import FILM, FULL_SCALE, TINY, card, crop, window

SCORES = ("brightness", "squareness", "cracking", "contamination", "overall")


class SmallGpu(XCryoNet):
    """A network on a device whose memory holds no more than `most` squares, all their looks."""

    def __init__(self, most: int) -> None:
        super().__init__(TINY)
        self.most = most
        self.sizes: list[int] = []

    def forward(
        self, x: Tensor, pitch_um: Tensor | None = None, measured: Tensor | None = None
    ) -> Branches:
        self.sizes.append(len(x) // LOOKS)
        if len(x) > LOOKS * self.most:
            raise torch.cuda.OutOfMemoryError
        return super().forward(x, pitch_um, measured)


def tiny_scorer(network: XCryoNet | None = None) -> Scorer:
    torch.manual_seed(0)
    return Scorer(network or XCryoNet(TINY), card(RunConfig(network=TINY)))


def some_crops(count: int) -> list[Crop]:
    return [crop(window(0.3 + 0.05 * i)) for i in range(count)]


def values(score: SquareScore) -> list[float]:
    return [getattr(score, name) for name in SCORES]


def test_scores_lie_between_0_and_4_with_deviations_maps_and_a_reason() -> None:
    [score] = tiny_scorer().score(some_crops(1))
    assert score.status is Status.SCORED
    assert all(0 <= v <= 4 for v in values(score))
    assert score.overall_sd is not None
    assert score.overall_sd > 0
    assert score.attention_cracking is not None
    assert score.attention_cracking.dtype == np.uint8
    assert score.attention_cracking.shape == (8, 8)
    assert score.reason


def test_a_square_scores_the_same_alone_in_a_batch_and_again() -> None:
    scorer, crops = tiny_scorer(), some_crops(11)
    together = scorer.score(crops)
    alone = [scorer.score([c])[0] for c in crops]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(values(one), values(other), atol=1e-4)
    assert [values(s) for s in scorer.score(crops)] == [values(s) for s in together]


def test_a_square_turned_by_half_scores_the_same_and_its_maps_turn_with_it() -> None:
    film = window(0.8)
    film[15:25, 15:40] = 0.1
    straight, turned = tiny_scorer().score([crop(film), crop(film[::-1, ::-1])])
    np.testing.assert_allclose(values(straight), values(turned), atol=1e-4)
    assert straight.overall_sd == pytest.approx(turned.overall_sd, abs=1e-4)
    assert straight.attention_cracking is not None
    assert turned.attention_cracking is not None
    maps = straight.attention_cracking, turned.attention_cracking[::-1, ::-1]
    assert np.abs(np.subtract(*maps, dtype=np.int16)).max() <= 1


def test_no_crops_give_no_scores() -> None:
    assert tiny_scorer().score([]) == []


@pytest.mark.parametrize(
    ("film", "reason"),
    [
        (np.zeros((64, 64), np.float32), "black"),
        (np.full((64, 64), 0.5, np.float32), "constant"),
        (window(1.1, 1.0) + np.eye(64, dtype=np.float32) * 0.8, "no grid bars"),
        (window(4.5), "far brighter"),
    ],
)
def test_what_is_no_square_gets_no_numbers(film: np.ndarray, reason: str) -> None:
    [score] = tiny_scorer().score([crop(film)])
    assert score.status is Status.OUT_OF_DOMAIN
    assert reason in score.reason
    assert score.overall is None
    assert score.attention_cracking is None


def test_a_drowned_square_is_still_scored() -> None:
    [score] = tiny_scorer().score([crop(window(0.06))])
    assert score.status is Status.SCORED


@pytest.mark.parametrize(
    "bad",
    [
        Crop(np.zeros((10, 10), np.uint8), FULL_SCALE, FILM),
        Crop(np.zeros((64, 64), np.uint16), FULL_SCALE, FILM),
        Crop(np.full((64, 64), np.nan, np.float32), FULL_SCALE, FILM),
        Crop(np.zeros((64, 64), np.uint8), FULL_SCALE, float("nan")),
    ],
)
def test_a_bad_crop_fails_and_disturbs_no_other(bad: Crop) -> None:
    good = some_crops(2)
    scorer = tiny_scorer()
    found = scorer.score([good[0], bad, good[1]])
    assert [s.status for s in found] == [Status.SCORED, Status.FAILED, Status.SCORED]
    assert "expected" in found[1].reason
    assert found[1].overall is None
    np.testing.assert_allclose(values(found[2]), values(scorer.score(good[1:])[0]), atol=1e-4)


def test_saturated_pixels_get_no_numbers() -> None:
    full, windows = np.full((64, 64), 255, np.uint8), np.zeros((64, 64), np.uint8)
    windows[12:52, 12:52] = 255
    scores = tiny_scorer().score([Crop(each, FULL_SCALE, FILM) for each in (full, windows)])
    assert [s.status for s in scores] == [Status.OUT_OF_DOMAIN] * 2
    assert "constant" in scores[0].reason
    assert "far brighter" in scores[1].reason
    assert [s.overall for s in scores] == [None, None]


def test_a_network_that_gives_nan_fails_its_squares() -> None:
    network = XCryoNet(TINY)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(float("nan"))
    [score] = tiny_scorer(network).score(some_crops(1))
    assert score.status is Status.FAILED
    assert score.overall is None


def test_a_full_gpu_gets_half_the_squares_at_a_time() -> None:
    network = SmallGpu(most=2)
    scores = tiny_scorer(network).score(some_crops(8))
    assert [s.status for s in scores] == [Status.SCORED] * 8
    assert network.sizes == [8, 4, 2, 2, 4, 2, 2]


def test_a_cpu_without_memory_for_one_square_says_so() -> None:
    with pytest.raises(torch.cuda.OutOfMemoryError):
        tiny_scorer(SmallGpu(most=0)).score(some_crops(1))


def test_cuda_where_there_is_none_is_refused() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(CheckpointError, match="found none"):
        Scorer.load(device="cuda")


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="found none"):
        Scorer.load(tmp_path / "none.safetensors")


def test_saved_weights_load_and_name_themselves(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = RunConfig(network=TINY)
    saved = save_checkpoint(tmp_path / "w.safetensors", XCryoNet(TINY), card(config))
    scorer = Scorer.load(tmp_path / "w.safetensors", "cpu")
    assert scorer.model_id == saved.model_id
    assert len(scorer.score(some_crops(1))) == 1


def test_the_weights_that_ship_rank_a_clean_window_above_a_drowned_one() -> None:
    y, x = np.mgrid[:640, :640] % 19 - 9
    holes = np.where(np.hypot(y, x) < 6, 1.2, 1.0).astype(np.float32)
    bare, drowned = window(0.97, 0.55, 640), window(0.15, 0.55, 640)
    films = (window(0.92, 0.55, 640) * holes, bare, drowned)
    good, plain, dark = Scorer.load(device="cpu").score([crop(film) for film in films])
    assert good.overall is not None
    assert plain.overall is not None
    assert good.overall > (dark.overall or 0) + 1
    assert plain.overall > (dark.overall or 0)  # without holes it may as well be an empty square
    assert good.attention_cracking is not None
    assert good.attention_cracking.shape == (80, 80)
    weights = DEFAULT_WEIGHTS.parent.glob("*.safetensors")
    assert sum(path.stat().st_size for path in weights) < 10_000_000


def test_the_weights_that_ship_give_a_square_the_same_whatever_its_batch_mates() -> None:
    scorer = Scorer.load(device="cpu")
    films = [window(level, side, 640) for level in (1.0, 0.3) for side in (0.3, 0.6, 0.9)]
    noise = np.random.default_rng(0).random((640, 640)).astype(np.float32)
    square, *mates = [crop(film * (0.7 + 0.6 * noise)) for film in films]
    [alone] = scorer.score([square])
    for batch, place in (([square, *mates], 0), ([*mates, *mates, square], -1)):
        found = scorer.score(batch)[place]
        np.testing.assert_allclose(values(found), values(alone), rtol=0, atol=1e-4)
        maps = (found.attention_cracking, alone.attention_cracking)
        assert np.abs(np.subtract(*maps, dtype=np.int16)).max() <= 1
