"""EPU's files: their names, what they say, and their pixels. Only here are EPU's names known."""

from ingest.epu.atlas_dm import AtlasAlignment, AtlasDm, AtlasDmNode, AtlasDmTile, read_atlas_dm
from ingest.epu.completeness import Completeness, Inspection, inspect_file
from ingest.epu.errors import (
    BadValue,
    EpuError,
    IncompleteFile,
    MalformedXml,
    MissingValue,
    NotAnImage,
    OversizedFile,
    SaturatedImage,
    TruncatedFile,
)
from ingest.epu.image_xml import read_atlas_xml, read_image_xml
from ingest.epu.metadata import AtlasImageMetadata, TileMetadata
from ingest.epu.mrc import expected_mrc_bytes, read_mrc_metadata
from ingest.epu.names import (
    EpuFile,
    EpuKind,
    as_text,
    classify,
    may_hold_atlas_files,
    natural_order,
)
from ingest.epu.pixels import read_pixels
from ingest.epu.session_files import (
    SampleDm,
    ScreeningSession,
    read_sample_dm,
    read_screening_session,
)

__all__ = [
    "AtlasAlignment",
    "AtlasDm",
    "AtlasDmNode",
    "AtlasDmTile",
    "AtlasImageMetadata",
    "BadValue",
    "Completeness",
    "EpuError",
    "EpuFile",
    "EpuKind",
    "IncompleteFile",
    "Inspection",
    "MalformedXml",
    "MissingValue",
    "NotAnImage",
    "OversizedFile",
    "SampleDm",
    "SaturatedImage",
    "ScreeningSession",
    "TileMetadata",
    "TruncatedFile",
    "as_text",
    "classify",
    "expected_mrc_bytes",
    "inspect_file",
    "may_hold_atlas_files",
    "natural_order",
    "read_atlas_dm",
    "read_atlas_xml",
    "read_image_xml",
    "read_mrc_metadata",
    "read_pixels",
    "read_sample_dm",
    "read_screening_session",
]
