"""What can be wrong with a file of EPU's folder."""

# ruff: noqa: N818 - each is named by what is wrong with the file

from pathlib import Path


class EpuError(ValueError):
    """A file that cannot be used, with what was expected of it and what was found.

    Attributes:
        path: The file.
        expected: What a good file has, in words.
        found: What this file has, in words.
    """

    def __init__(self, path: Path, *, expected: str, found: str) -> None:
        super().__init__(f"{path}: expected {expected}, found {found}")
        self.path = path
        self.expected = expected
        self.found = found


class IncompleteFile(EpuError):
    """A file that looks half-written: worth reading again when it has changed."""


class TruncatedFile(IncompleteFile):
    """An image with fewer bytes than its own header promises."""


class MalformedXml(EpuError):
    """A file that is not XML, not the kind of XML expected, or not safe to parse."""


class MissingValue(EpuError):
    """An element that must be there is absent or nil."""


class BadValue(EpuError):
    """An element holds something that is not a usable number, date or name."""


class NotAnImage(EpuError):
    """A file without a readable two-dimensional grey image."""


class SaturatedImage(EpuError):
    """An image whose film is as bright as its camera can say: how bright it was, is lost."""


class OversizedFile(EpuError):
    """A file, or a size claimed by its header, beyond anything EPU writes."""
