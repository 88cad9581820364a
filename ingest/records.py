"""Wire types: what ingest says to the service, and the service's answer to it.

Positions named `*_px` are atlas pixels (x right, y down, pixel centres at integers) unless the
field says otherwise; stage positions are micrometres in EPU's own stage axes. Grey levels are the
camera's counts.
"""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

CROP_SIZE_PX = 640
"""Side of a square's crop, pixels (XCryoNet paper, section 3)."""

CROP_PIXEL_NM = 160.0
"""Size of one crop pixel, nm: 102.4 um of specimen a side, one scale for every camera and mesh."""


class Record(BaseModel):
    """A frozen message; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GridState(StrEnum):
    """Where EPU is with a grid."""

    IDLE = "idle"
    ACQUIRING = "acquiring"
    ACQUIRED = "acquired"


class TileState(StrEnum):
    """Where ingest is with a tile."""

    WAITING = "waiting"
    PLACED = "placed"
    FAILED = "failed"


class FrameSource(StrEnum):
    """What defines the atlas frame."""

    NOMINAL = "nominal"
    ATLAS_DM = "atlas_dm"


class StageSource(StrEnum):
    """What a square's stage position was computed from."""

    EPU_NODES = "epu_nodes"
    STAGE_MODEL = "stage_model"
    NOMINAL = "nominal"


class FileState(StrEnum):
    """Where ingest is with a file of EPU's folder."""

    SETTLING = "settling"
    WAITING = "waiting"
    READ = "read"
    FAILED = "failed"


class SessionRecord(Record):
    """A screening session: one `Supervisor_*` folder."""

    key: str = Field(description="name of the session's folder", min_length=1, max_length=255)
    name: str | None = None
    started_at: AwareDatetime | None = None
    instrument_id: str | None = None
    instrument_model: str | None = None


class GridRecord(Record):
    """One autoloader position: one `Sample<k>` folder."""

    session_key: str
    sample: int = Field(ge=0, description="number in the folder's name")
    name: str | None = Field(default=None, description="the operator's name for the grid")
    slot: int | None = Field(
        default=None, description="EPU's 0-based SlotId, -1 for a manual atlas"
    )
    state: GridState = GridState.IDLE
    percent: float | None = Field(default=None, ge=0, le=100)


class AtlasKey(Record):
    """Natural key of an atlas. One sample folder can hold several."""

    session_key: str
    sample: int = Field(ge=0)
    epu_atlas_id: int


class AtlasRecord(Record):
    """One acquisition of a grid's atlas, and what all of its tiles say together."""

    key: AtlasKey
    tiles_planned: int | None = Field(default=None, ge=0)
    pixel_nm: float | None = Field(default=None, gt=0, description="side of an atlas pixel")
    width_px: int | None = None
    height_px: int | None = None
    frame_source: FrameSource = FrameSource.NOMINAL
    film_level: float | None = Field(
        default=None,
        gt=0,
        description="grey level of intact thin film: the unit of the network's input",
    )
    vacuum_level: float | None = Field(default=None, gt=0, description="grey level of empty holes")
    full_scale: float | None = Field(
        default=None, gt=0, description="grey level of 255 in crops and display images"
    )
    mesh_pitch_um: float | None = Field(default=None, ge=10, le=1000)
    mesh_rotation_deg: float | None = None
    complete: bool = Field(
        default=False, description="EPU has finished it and all its tiles are in"
    )
    acquired_at: AwareDatetime | None = None
    camera: str | None = None
    magnification: float | None = None
    voltage_kv: float | None = None
    stage_scale_x: float | None = Field(
        default=None, description="stage-X scale s of EPU's stage model"
    )
    stage_pivot_mm: float | None = Field(
        default=None, description="rod pivot L of EPU's stage model"
    )


class TileRecord(Record):
    """One tile: what its files say, where it lies in the atlas, and why not if it does not."""

    atlas: AtlasKey
    name: str = Field(description="file stem, `Tile_<tile>_<index>_<atlas>`", max_length=255)
    epu_tile_id: int
    index: int = Field(ge=0, description="0-based order of acquisition")
    state: TileState
    reason: str | None = Field(default=None, description="why it waits or failed; None when placed")
    dark: bool = Field(default=False, description="no electrons: between squares or off the grid")
    pixels_from: str | None = Field(
        default=None, description="suffix of the file read: mrc, tiff or jpg"
    )
    camera_width_px: int | None = None
    camera_height_px: int | None = None
    pixel_nm: float | None = Field(
        default=None, gt=0, description="side of a tile pixel, binning included"
    )
    binning: int | None = None
    stage_x_um: float | None = None
    stage_y_um: float | None = None
    stage_z_um: float | None = None
    acquired_at: AwareDatetime | None = None
    dose_per_px: float | None = Field(
        default=None, ge=0, description="mean electrons per tile pixel"
    )
    column: int | None = Field(
        default=None, description="integer lattice position, first tile = 0, 0"
    )
    row: int | None = None
    x_px: float | None = Field(default=None, description="left edge in the atlas")
    y_px: float | None = Field(default=None, description="top edge in the atlas")
    width_px: float | None = None
    height_px: float | None = None
    images: tuple[str, ...] = Field(
        default=(),
        description="sha256 of its display JPEGs, full size first, each next half as large",
    )


class Point(Record):
    """A position in the atlas, pixels."""

    x: float
    y: float


class SquareRecord(Record):
    """One grid square as cut from an atlas. Scores are the service's, not ingest's."""

    tile_name: str = Field(description="the tile that owns it: the one that shows its centre best")
    center_x_px: float
    center_y_px: float
    width_px: float = Field(gt=0, description="side along the square's own rotated x axis")
    height_px: float = Field(gt=0)
    rotation_deg: float = Field(ge=-45, le=45)
    corners_px: tuple[Point, Point, Point, Point]
    stage_x_um: float
    stage_y_um: float
    stage_z_um: float | None = None
    stage_residual_um: float | None = Field(default=None, ge=0)
    stage_source: StageSource
    aligned_stage_x_um: float | None = Field(default=None, description="EPU's AlignedStagePosition")
    aligned_stage_y_um: float | None = None
    complete: bool = Field(description="whole square covered by tiles")
    coverage: float = Field(ge=0, le=1, description="share of its area covered by tiles")
    on_rim: bool = Field(
        default=False, description="touches the edge of the atlas or the grid's rim"
    )
    epu_node_id: int | None = None
    epu_category: int | None = None
    epu_quality: float | None = None
    crop_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    crop_full_scale: float | None = Field(
        default=None, gt=0, description="grey level of the crop's 255"
    )
    thumbnail_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")


class SquareSet(Record):
    """All squares of an atlas as seen now: replaces what was said of that atlas before.

    The service gives each square the identity of the nearest earlier one within `match_radius_um`
    (stage distance, one to one), so a square keeps its id while tiles arrive and when ingest starts
    again.
    """

    atlas: AtlasKey
    match_radius_um: float = Field(gt=0)
    squares: tuple[SquareRecord, ...]


class FileRecord(Record):
    """One line of the ledger: a file of EPU's folder and what became of it."""

    session_key: str | None = None
    path: str = Field(
        description="relative to the watched folder, forward slashes", max_length=1024
    )
    state: FileState
    reason: str | None = None
    size: int | None = Field(default=None, ge=0)
    attempts: int = Field(default=0, ge=0)


class IngestRecord(Record):
    """Sign of life of an ingest process."""

    name: str = Field(max_length=255)
    watching: str
    state: str = Field(description="watching, folder_missing or stopped")
    reason: str | None = None
    polling: bool = Field(description="True where file events cannot be trusted")
    files_seen: int = Field(default=0, ge=0)
    files_pending: int = Field(default=0, ge=0)
