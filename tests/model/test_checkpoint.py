"""Weights and card: what was saved is loaded, what was changed is refused."""

import json
from pathlib import Path

import pytest
import torch

from model.checkpoint import CheckpointError, card_path, load_checkpoint, save_checkpoint
from model.config import ADDED_LATER, RunConfig
from model.network import XCryoNet
from tests.model.samples import SIZE_PX, TINY, card


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "w.safetensors", XCryoNet(TINY), card(RunConfig(network=TINY)))
    return tmp_path / "w.safetensors"


def test_what_was_saved_scores_the_same(path: Path) -> None:
    torch.manual_seed(0)
    original = XCryoNet(TINY).eval()
    loaded, found = load_checkpoint(path)
    x = torch.rand(1, 1, SIZE_PX, SIZE_PX)
    assert torch.equal(loaded(x).final.stacked(), original(x).final.stacked())
    assert found.model_id == found.sha256[:12]
    assert not loaded.training


def test_a_card_from_before_an_addition_loads_without_it(tmp_path: Path) -> None:
    older = TINY.model_copy(update=dict.fromkeys(ADDED_LATER, False))
    path = tmp_path / "w.safetensors"
    save_checkpoint(path, XCryoNet(older), card(RunConfig(network=older)))
    written = json.loads(card_path(path).read_text())
    for name in ADDED_LATER:
        del written["config"]["network"][name]
    card_path(path).write_text(json.dumps(written))
    assert load_checkpoint(path)[1].config.network == older


def test_a_changed_byte_is_noticed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="expected sha256"):
        load_checkpoint(path)


def test_weights_of_another_configuration_are_refused(path: Path) -> None:
    other = RunConfig(network=TINY.model_copy(update={"hidden": 17}))
    text = card_path(path).read_text()
    sha256 = load_checkpoint(path)[1].sha256
    changed = card(other).model_copy(update={"sha256": sha256}).model_dump_json()
    assert changed != text
    card_path(path).write_text(changed)
    with pytest.raises(CheckpointError, match="another configuration"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "change",
    [{"dark_contamination": False}, {"pooling": ["std", "mean", "max"]}, {"both_heads": False}],
)
def test_a_card_that_would_make_another_network_of_the_same_tensors_is_refused(
    path: Path, change: dict[str, object]
) -> None:
    content = json.loads(card_path(path).read_text())
    content["config"]["network"] |= change
    card_path(path).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="saved with"):
        load_checkpoint(path)


def test_other_deviations_are_other_weights_and_a_card_alone_cannot_change_them(path: Path) -> None:
    network, first = load_checkpoint(path)
    content = json.loads(card_path(path).read_text())
    card_path(path).write_text(json.dumps(content | {"sd_scale": [0.5] * 5}))
    with pytest.raises(CheckpointError, match="sd_scale"):
        load_checkpoint(path)
    calibrated = first.model_copy(update={"sd_scale": (0.5,) * 5})
    assert save_checkpoint(path, network, calibrated).model_id != first.model_id
    assert load_checkpoint(path)[1].sd_scale == (0.5,) * 5


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    network = XCryoNet(TINY)
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    save_checkpoint(tmp_path / "w.safetensors", network, card(RunConfig(network=TINY)))
    with pytest.raises(CheckpointError, match="finite"):
        load_checkpoint(tmp_path / "w.safetensors")


def test_missing_files_are_named(path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.json"):
        load_checkpoint(path.with_name("none.safetensors"))
    path.unlink()
    with pytest.raises(CheckpointError, match="expected weights"):
        load_checkpoint(path)


@pytest.mark.parametrize("scale", [[1.0, 1.0], [1.0, 1.0, 1.0, 1.0, -1.0]])
def test_a_card_whose_deviations_mean_nothing_is_refused(path: Path, scale: list[float]) -> None:
    content = json.loads(card_path(path).read_text())
    card_path(path).write_text(json.dumps(content | {"sd_scale": scale}))
    with pytest.raises(CheckpointError, match="sd_scale"):
        load_checkpoint(path)


def test_a_card_that_is_none_is_refused(path: Path) -> None:
    card_path(path).write_text('{"name": "x"}')
    with pytest.raises(CheckpointError, match="not a model card"):
        load_checkpoint(path)
