"""Readers of command line arguments."""

import argparse
from collections.abc import Callable


def count_of(least: int) -> Callable[[str], int]:
    """Make a reader of whole numbers from `least` on."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"expected {least} or more, found {text}")
        return int(text)

    return read
