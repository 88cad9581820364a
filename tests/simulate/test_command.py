from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from simulate.command import add_arguments, read_plan, run
from simulate.instrument import CameraKind
from simulate.variant import Variant


def parse(*words: str) -> Namespace:
    parser = ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([*words, "--quiet"])


@pytest.mark.parametrize(
    "words",
    [
        ("--grids", "0"),
        ("--grids", "-2"),
        ("--seed", "-1"),
        ("--speed", "0"),
        ("--mesh", "250"),
        ("--foil", "paper"),
        ("--camera", "brownie"),
        ("--columns", "0"),
        ("--variant", "upside-down"),
    ],
)
def test_wrong_arguments_end_with_2_and_write_nothing(
    tmp_path: Path, words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(parse(str(tmp_path / "out"), *words)) == 2
    message = capsys.readouterr().err
    assert words[0] in message
    assert words[1] in message
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    assert run(parse(str(tmp_path))) == 2
    assert "empty" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_place_under_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("keep", encoding="utf-8")
    assert run(parse(str(tmp_path / "file" / "out"))) == 2
    assert "a file" in capsys.readouterr().err


def test_a_disk_that_refuses_is_said_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(parse("/proc/nowhere", "--preset", "demo")) == 1
    assert "nowhere" in capsys.readouterr().err


def test_the_demo_is_two_small_grids() -> None:
    plan = read_plan(parse("out", "--preset", "demo"))
    assert plan.grids == 2
    assert plan.instrument.kind is CameraKind.K3_HALF
    assert plan.tiles == 18


def test_a_plain_session_is_one_whole_k3_atlas() -> None:
    plan = read_plan(parse("out"))
    assert (plan.instrument.width_px, plan.instrument.height_px, plan.tiles) == (2880, 2046, 35)


def test_each_variant_can_be_asked_for() -> None:
    asked = [read_plan(parse("out", "--variant", v)).variant for v in Variant]
    assert asked == list(Variant)


def test_the_command_writes_a_session(tmp_path: Path) -> None:
    words = ("--preset", "demo", "--grids", "1", "--columns", "1", "--rows", "2")
    assert run(parse(str(tmp_path / "out"), *words)) == 0
    assert len(list((tmp_path / "out").rglob("Tile_*.mrc"))) == 2
