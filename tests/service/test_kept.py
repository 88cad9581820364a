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


def test_small_answers_are_no_more_than_so_many() -> None:
    kept = KeptAnswers(most=2)

    for key in ("a", "b"):
        kept.get(key, "1", lambda: b"")
    kept.find("a", "1")
    kept.get("c", "1", lambda: b"")

    assert [kept.find(key, "1") is not None for key in "abc"] == [True, False, True]


def test_what_is_pushed_out_while_it_is_made_is_given_and_counts_for_nothing() -> None:
    kept = KeptAnswers(largest=4, most=1)

    def make() -> bytes:
        kept.get("other", "1", lambda: b"four")
        return b"four"

    assert kept.get("list", "1", make) == b"four"
    assert kept.get("other", "1", refuse) == b"four"


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


def test_an_answer_that_could_not_be_made_takes_no_room() -> None:
    kept = KeptAnswers(largest=8, most=2)

    def fail() -> bytes:
        raise OSError("away")

    kept.get("a", "1", lambda: b"four")
    kept.get("b", "1", lambda: b"four")
    with pytest.raises(OSError, match="away"):
        kept.get("b", "2", fail)
    kept.get("c", "1", lambda: b"four")

    assert [kept.find(key, "1") is not None for key in "abc"] == [True, False, True]
