"""Microscopes that can be simulated: camera geometry, image-to-stage matrix, tile steps."""

from dataclasses import dataclass
from enum import StrEnum
from math import hypot

import numpy as np
from numpy.typing import NDArray

OVERLAP = 0.05
"""Share of a tile that the next one shows again (EPU 3.4 and 3.7)."""

ATLAS_SIDE_PX = 4000
"""Long side of EPU's stitched atlas."""


class CameraKind(StrEnum):
    """Camera and how it is read out."""

    K3 = "k3"
    K3_HALF = "k3-half"
    CETA = "ceta"
    FALCON = "falcon"


@dataclass(frozen=True)
class Instrument:
    """One microscope with its camera, as an atlas sees it.

    `matrix_nm` row by row: image to stage, nm per unbinned pixel; the row length is the unbinned
    pixel. `stage_scale` and `pivot_um` are the constants of EPU's stage model.
    """

    kind: CameraKind
    camera: str
    commercial_name: str
    model: str
    width_px: int
    height_px: int
    binning: int
    matrix_nm: tuple[float, float, float, float]
    columns: int
    rows: int
    magnification: int
    voltage: float
    gun: str
    beam_m: float
    defocus_m: float
    stage_scale: float = 0.96915
    pivot_um: float = 35_000.0

    @property
    def filtered(self) -> bool:
        """Whether an energy filter stands before the camera."""
        return self.camera == "EF-CCD"

    @property
    def location(self) -> str:
        """Where the camera sits, in EPU's words."""
        return "EnergyFilter" if self.filtered else "BottomMounted"

    @property
    def counting(self) -> bool:
        """Whether the camera counts electrons."""
        return self.camera != "BM-Ceta"

    @property
    def field_emission(self) -> bool:
        """Whether the gun has an extractor, and the column three condensers."""
        return self.gun == "FieldEmission"

    @property
    def pixel_um(self) -> float:
        """Side of a tile pixel, binning included."""
        return hypot(self.matrix_nm[0], self.matrix_nm[1]) * self.binning / 1000

    @property
    def tiles(self) -> int:
        """Tiles of a whole atlas."""
        return self.columns * self.rows

    @property
    def image_to_stage_um(self) -> NDArray[np.float64]:
        """Matrix (2, 2), um per tile pixel, binning included."""
        return np.array(self.matrix_nm).reshape(2, 2) * (self.binning / 1000)

    @property
    def step_px(self) -> tuple[float, float]:
        """Tile pixels from one column or row to the next."""
        return (1 - OVERLAP) * self.width_px, (1 - OVERLAP) * self.height_px

    @property
    def atlas_scale(self) -> float:
        """Atlas pixels per tile pixel."""
        across = self.width_px + (self.columns - 1) * self.step_px[0]
        down = self.height_px + (self.rows - 1) * self.step_px[1]
        return ATLAS_SIDE_PX / max(across, down)


_KRIOS_MATRIX = (69.661097546716, -4.295524596407, -4.295524596407, -69.661097546716)
_TALOS_MATRIX = (-8.75, 86.75, 86.75, 8.75)
_GLACIOS_MATRIX = (-128.3, -6.2, -6.2, 128.3)

INSTRUMENTS = {
    CameraKind.K3: Instrument(
        kind=CameraKind.K3,
        camera="EF-CCD",
        commercial_name="BioQuantum K3",
        model="SIMULATEDKRIOS",
        width_px=2880,
        height_px=2046,
        binning=2,
        matrix_nm=_KRIOS_MATRIX,
        columns=5,
        rows=7,
        magnification=135,
        voltage=300_000.0,
        gun="FieldEmission",
        beam_m=0.0009,
        defocus_m=-0.001,
    ),
    CameraKind.K3_HALF: Instrument(
        kind=CameraKind.K3_HALF,
        camera="EF-CCD",
        commercial_name="BioQuantum K3",
        model="SIMULATEDKRIOS",
        width_px=1440,
        height_px=1023,
        binning=4,
        matrix_nm=_KRIOS_MATRIX,
        columns=3,
        rows=3,
        magnification=135,
        voltage=300_000.0,
        gun="FieldEmission",
        beam_m=0.0009,
        defocus_m=-0.001,
    ),
    CameraKind.CETA: Instrument(
        kind=CameraKind.CETA,
        camera="BM-Ceta",
        commercial_name="BM-Ceta",
        model="SIMULATEDTALOS",
        width_px=4096,
        height_px=4096,
        binning=1,
        matrix_nm=_TALOS_MATRIX,
        columns=6,
        rows=6,
        magnification=155,
        voltage=120_000.0,
        gun="Thermionic",
        beam_m=0.0006,
        defocus_m=-0.004,
        stage_scale=1.0,
    ),
    CameraKind.FALCON: Instrument(
        kind=CameraKind.FALCON,
        camera="BM-Falcon",
        commercial_name="Falcon 4i",
        model="SIMULATEDGLACIOS",
        width_px=4096,
        height_px=4096,
        binning=1,
        matrix_nm=_GLACIOS_MATRIX,
        columns=4,
        rows=4,
        magnification=115,
        voltage=200_000.0,
        gun="FieldEmission",
        beam_m=0.0012,
        defocus_m=-0.001,
        stage_scale=0.985,
    ),
}


def find_instrument(kind: CameraKind) -> Instrument:
    """The instrument of a camera."""
    return INSTRUMENTS[kind]


def spiral(columns: int, rows: int) -> list[tuple[int, int]]:
    """Order in which EPU takes the tiles: a square spiral from the middle, clipped to a rectangle.

    Steps are (column right, row down), the first is (0, 0); on the Krios seen it turns down,
    right, up, left.
    """
    low_column, low_row = -((columns - 1) // 2), -((rows - 1) // 2)
    wanted = columns * rows
    sites: list[tuple[int, int]] = []
    x = y = length = 0
    turns = ((0, 1), (1, 0), (0, -1), (-1, 0))
    turn = 0
    path = [(0, 0)]
    while len(sites) < wanted:
        for x, y in path:
            if 0 <= x - low_column < columns and 0 <= y - low_row < rows:
                sites.append((x, y))
        dx, dy = turns[turn % 4]
        length = turn // 2 + 1
        path = [(x + dx * (i + 1), y + dy * (i + 1)) for i in range(length)]
        turn += 1
    return sites
