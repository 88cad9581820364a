"""Damage good inputs at random: the same dice give the same damage."""

import random
import struct
from collections.abc import Sequence

NUMBERS = (0, 1, -1, 2, 127, 255, 2**15, 2**16 - 1, 2**24, 2**31 - 1, -(2**31), 60_000, 2**26 + 1)
WORDS = (
    b"NaN", b"INF", b"-1", b"1e999", b"0", b"99999999999999999999", b"", b"\x00", b"null", b"true",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"<![CDATA[", b"-->", b"<a>", b"</a>", b"[", b"{",
    b"\xff\xfe", b"\xef\xbb\xbf", b"../../../etc/passwd", b"C:\\Windows\\", b"\xf0\x9f\x94\xac",
)  # fmt: skip
MOST = 4


def mutate(dice: random.Random, good: Sequence[bytes]) -> bytes:
    """Damage one of some good inputs in one to a few places."""
    data = bytearray(dice.choice(good))
    for _ in range(dice.randint(1, MOST)):
        dice.choice(DAMAGES)(dice, data, good)
    return bytes(data)


def _flip(dice: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _flip_near_the_start(dice: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[dice.randrange(min(256, len(data)))] = dice.randrange(256)


def _cut(dice: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[dice.randint(0, len(data)) :]


def _drop(dice: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start = dice.randint(0, len(data))
    del data[start : start + dice.randint(1, 64)]


def _repeat(dice: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start = dice.randint(0, len(data))
    part = data[start : start + dice.randint(1, 64)]
    data[start:start] = part * dice.choice((1, 1, 1, 50))


def _set_number(dice: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    layout, size = dice.choice((("<i", 4), (">i", 4), ("<h", 2), (">h", 2), ("<f", 4)))
    if len(data) < size:
        return
    near = min(len(data), dice.choice((256, len(data))))
    at = dice.randrange(max(1, near - size + 1))
    number: float = dice.choice(NUMBERS)
    if layout[1] == "h":
        number = (int(number) + 2**15) % 2**16 - 2**15
    if layout == "<f":
        number = dice.choice((float("nan"), float("inf"), 1e38, -1.0, 0.0))
    struct.pack_into(layout, data, at, number)


def _insert_word(dice: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = dice.randint(0, len(data))
    data[at : at + dice.choice((0, 0, 4, 12))] = dice.choice(WORDS)


def _replace_digits(dice: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Replace a number in a text."""
    digits = [at for at, byte in enumerate(data[:20_000]) if 48 <= byte < 58]
    if digits:
        start = end = dice.choice(digits)
        while end < len(data) and data[end] in b"0123456789.eE+-":
            end += 1
        data[start:end] = dice.choice(WORDS[:6])


def _splice(dice: random.Random, data: bytearray, good: Sequence[bytes]) -> None:
    other = dice.choice(good)
    data[dice.randint(0, len(data)) :] = other[dice.randint(0, len(other)) :]


DAMAGES = (
    _flip, _flip, _flip_near_the_start, _flip_near_the_start, _cut, _drop, _repeat, _set_number,
    _set_number, _insert_word, _replace_digits, _replace_digits, _splice,
)  # fmt: skip
