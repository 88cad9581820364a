import pytest

from tests.needs import Part, needs


def test_a_test_without_its_part_is_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match=r"bindfs \(absent\) is not on this machine"):
        needs(Part.BINDFS, "absent")


def test_in_ci_a_test_without_its_part_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="in CI everything must be there"):
        needs(Part.BINDFS, "absent")


def test_real_material_may_be_missing_even_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.skip.Exception):
        needs(Part.SHARED, "absent")
