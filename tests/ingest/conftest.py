"""Real EPU files, read where they lie beside the checkout."""

from pathlib import Path

import pytest

from tests.needs import Part, needs

REAL_SESSION = "real-session/Supervisor_20230919_115905_Atlas_bi23047-106"


@pytest.fixture(scope="session")
def real_session() -> Path:
    """A screening session by EPU 3.4: two whole atlases and the empty files of other slots."""
    return needs(Part.SHARED, REAL_SESSION)


@pytest.fixture(scope="session")
def real_epu_files() -> Path:
    """Single files by other versions of EPU and from other microscopes."""
    return needs(Part.SHARED, "epu-files")
