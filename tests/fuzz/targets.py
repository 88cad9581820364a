"""What reads untrusted input, with good inputs of each and the errors it may answer with."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from pydantic import TypeAdapter, ValidationError

from ingest import records
from ingest.epu import (
    EpuError,
    classify,
    expected_mrc_bytes,
    inspect_file,
    read_atlas_dm,
    read_atlas_xml,
    read_image_xml,
    read_mrc_metadata,
    read_pixels,
    read_sample_dm,
    read_screening_session,
)
from service.blobs import read_picture
from service.errors import InvalidError
from service.schemas import DecisionRequest, LabelRequest
from service.stored_crops import BadCropError, decode_crop
from simulate.session import write_session
from tests.ingest.epu_files import film, image_xml, mrc_bytes
from tests.service.examples import make_png, make_square
from tests.simulate.sessions import SMALL, plan

Read = Callable[[bytes], object]
NAME_PARTS = ("Sample1", "Atlas", "Tile_", "1", "_", "0", "9" * 40, ".mrc", ".xml", "..", "\\", " ")


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes:
        name: For people.
        read: Reads bytes.
        good: Inputs that it reads without complaint; damage starts from them.
        may_raise: What it may answer with.
    """

    name: str
    read: Read
    good: Sequence[bytes]
    may_raise: tuple[type[Exception], ...]


def list_targets(folder: Path) -> list[Target]:
    """Make all targets; `folder` is for files that are read by name."""
    epu = _session_files(folder)
    small = mrc_bytes(film(), extended=bytes(768), extended_type=b"FEI1")
    mrc = [small, mrc_bytes(film(), order=">"), mrc_bytes(film().astype(np.float32))]
    grey = film().astype(np.uint8)

    def file(suffix: str, *reads: Callable[[Path], object]) -> Read:
        def read(data: bytes) -> None:
            path = folder / f"input{suffix}"
            path.write_bytes(data)
            inspect_file(path)
            for one in reads:
                one(path)

        return read

    return [
        Target("mrc pixels", file(".mrc", read_pixels), mrc, (EpuError,)),
        Target("mrc header", file(".mrc", expected_mrc_bytes, read_mrc_metadata), mrc, (EpuError,)),
        Target("tiff", file(".tiff", read_pixels), _encoded(".tiff", film(), grey), (EpuError,)),
        Target("jpeg", file(".jpg", read_pixels), _encoded(".jpg", grey), (EpuError,)),
        Target("tile xml", file(".xml", read_image_xml), [image_xml().encode()], (EpuError,)),
        Target("epu tile xml", file(".xml", read_image_xml), epu["Tile"], (EpuError,)),
        Target("atlas xml", file(".xml", read_atlas_xml), epu["Atlas_"], (EpuError,)),
        Target("atlas dm", file(".dm", read_atlas_dm), epu["Atlas.dm"], (EpuError,)),
        Target("sample dm", file(".dm", read_sample_dm), epu["Sample.dm"], (EpuError,)),
        Target("session dm", file(".dm", read_screening_session), epu["Screening"], (EpuError,)),
        Target("file names", _read_name, [b"Sample1/Atlas/Tile_1_0_2.mrc", b"Atlas.dm"], ()),
        Target("picture header", read_picture, _pictures(), (InvalidError,)),
        Target("crop", decode_crop, _crops(), (BadCropError,)),
        *_json_targets(),
    ]


def _session_files(folder: Path) -> dict[str, list[bytes]]:
    """Files of a simulated session by the beginning of their names, a few of each."""
    small = replace(plan(), instrument=replace(SMALL, columns=1, rows=2))
    write_session(folder / "session", small)
    paths = sorted(p for p in (folder / "session").rglob("*") if p.suffix in {".xml", ".dm"})
    starts = ("Tile", "Atlas_", "Atlas.dm", "Sample.dm", "Screening")
    return {
        start: [path.read_bytes() for path in paths if path.name.startswith(start)][:3]
        for start in starts
    }


def _encoded(
    suffix: str, *images: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]"
) -> list[bytes]:
    return [cv2.imencode(suffix, image)[1].tobytes() for image in images]


def _pictures() -> list[bytes]:
    grey = film().astype(np.uint8)
    return [make_png(), *_encoded(".jpg", grey), *_encoded(".png", grey)]


def _crops() -> list[bytes]:
    return [make_png(640, 640), *_encoded(".png", np.full((640, 640), 90, np.uint8))]


def _read_name(data: bytes) -> None:
    name = data.decode("utf-8", "replace").replace("\x00", "")
    dice = random.Random(data)
    for _ in range(3):
        name = name + dice.choice(NAME_PARTS) + dice.choice(NAME_PARTS)
        classify(Path("/epu"), Path(name))


def _json_targets() -> list[Target]:
    key = records.AtlasKey(session_key="S", sample=1, epu_atlas_id=2)
    square = make_square(1.0, 2.0)
    tile = records.TileRecord(
        atlas=key, name="Tile_1_0_2", epu_tile_id=1, index=0, state=records.TileState.PLACED
    )
    squares = records.SquareSet(atlas=key, match_radius_um=20, squares=(square,))
    label = {"square_id": "0" * 32, "author": "an", "overall": 1}
    decision = {"square_id": "0" * 32, "kind": "take"}
    kinds: list[tuple[type, bytes]] = [
        (records.SquareSet, squares.model_dump_json().encode()),
        (records.TileRecord, tile.model_dump_json().encode()),
        (records.AtlasRecord, records.AtlasRecord(key=key).model_dump_json().encode()),
        (records.SessionRecord, b'{"key": "a", "started_at": "2026-01-01T00:00:00Z"}'),
        (LabelRequest, json.dumps(label).encode()),
        (DecisionRequest, json.dumps(decision).encode()),
    ]
    return [
        Target(f"json {kind.__name__}", TypeAdapter(kind).validate_json, [good], (ValidationError,))
        for kind, good in kinds
    ]
