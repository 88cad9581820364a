"""`xcryonet benchmark` times scores, not refusals."""

import pytest

from model.config import RunConfig
from model.network import XCryoNet
from model.predict import Scorer
from service.worker_benchmark import BenchmarkError, measure_rate
from tests.model.samples import TINY, card


def test_a_network_that_scores_no_square_of_the_benchmark_is_not_timed() -> None:
    scorer = Scorer(XCryoNet(TINY), card(RunConfig(network=TINY)))
    with pytest.raises(BenchmarkError, match=r"expected \(64, 64\), found \(640, 640\)"):
        measure_rate(scorer, 1)
