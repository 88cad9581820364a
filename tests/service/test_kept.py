from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from service.kept import KeptAnswers


def refuse() -> bytes:
    raise AssertionError("made again")


def test_an_answer_is_made_once_for_each_version() -> None:
    kept = KeptAnswers()

    assert kept.get("list", "1", lambda: b"one") == b"one"
    assert kept.get("list", "1", refuse) == b"one"
    assert kept.get("list", "2", lambda: b"two") == b"two"
    assert kept.find("list", "1") is None
    assert kept.find("list", "2") == b"two"


def test_what_was_longest_not_asked_for_goes_when_it_becomes_too_much() -> None:
    kept = KeptAnswers(largest=10)

    for key in ("a", "b"):
        kept.get(key, "1", lambda: b"four")
    kept.find("a", "1")
    kept.get("c", "1", lambda: b"four")

    assert [kept.find(key, "1") is not None for key in "abc"] == [True, False, True]


def test_an_answer_too_large_to_be_kept_is_given_all_the_same() -> None:
    kept = KeptAnswers(largest=2)

    assert kept.get("a", "1", lambda: b"four") == b"four"
    assert kept.find("a", "1") is None
    assert kept.get("b", "1", lambda: b"b") == b"b"
    assert kept.find("b", "1") == b"b"


def test_who_asks_while_an_answer_is_made_gets_that_one() -> None:
    kept, begun, go_on = KeptAnswers(), Event(), Event()

    def make() -> bytes:
        begun.set()
        go_on.wait()
        return b"one"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(kept.get, "list", "1", make)
        begun.wait()
        second = pool.submit(kept.get, "list", "1", refuse)
        go_on.set()
        assert (first.result(), second.result()) == (b"one", b"one")


def test_an_answer_that_cannot_be_made_is_tried_again() -> None:
    kept = KeptAnswers()

    def fail() -> bytes:
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        kept.get("list", "1", fail)
    assert kept.get("list", "1", lambda: b"one") == b"one"
