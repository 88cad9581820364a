"""Settings of the service's processes: read once in `main()` and passed down."""

import json
from enum import StrEnum
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

_POSTGRES = frozenset({"postgres", "postgresql"})
_DRIVERS = frozenset({"postgresql+psycopg", "sqlite", "sqlite+pysqlite"})
_EXPECTED_URL = "expected postgresql+psycopg://USER@HOST/NAME or sqlite:///FILE"


class AuthMode(StrEnum):
    """Who may do what without a token."""

    OPEN_ON_LOOPBACK = "open_on_loopback"
    OPEN_READS = "open_reads"
    TOKENS = "tokens"


class Settings(BaseSettings):
    """What web, worker and command line agree on; environment variables start with `XCRYONET_`."""

    model_config = SettingsConfigDict(env_prefix="XCRYONET_", extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path("xcryonet-data"), description="database, blobs and logs")
    database_url: str | None = Field(
        default=None, description="SQLAlchemy URL; SQLite inside the data folder when not given"
    )
    host: str = Field(default="127.0.0.1", description="address that the web process binds")
    port: int = Field(default=8000, ge=1, le=65535)
    auth: AuthMode = AuthMode.OPEN_ON_LOOPBACK
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="further names under which browsers reach a loopback service, with commas",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    max_request_bytes: int = Field(default=16 * 2**20, gt=0, description="JSON bodies and blobs")
    max_requests_per_s: float = Field(default=300, gt=0, description="of one address, on average")
    blob_row_bytes: int = Field(
        default=32 * 2**10, ge=0, description="blobs up to this size are stored in the database"
    )

    weights: Path | None = Field(default=None, description="checkpoint; None = the bundled one")
    device: Literal["auto", "cpu", "cuda"] = "auto"
    heartbeat_s: float = Field(default=1.0, gt=0, description="a worker signs on this often")
    lease_s: float = Field(default=5.0, gt=0, description="a worker silent this long is replaced")
    max_attempts: int = Field(default=3, ge=1, description="a job that fails so often is given up")
    max_deaths: int = Field(
        default=5, ge=1, description="a job in which so many workers died is given up"
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _as_written(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _as_list(cls, names: object) -> object:
        """Take names with commas, or a JSON list."""
        if not isinstance(names, str):
            return names
        if names.startswith("["):
            return json.loads(names)
        return [name.strip() for name in names.split(",") if name.strip()]

    @field_validator("database_url")
    @classmethod
    def _as_address(cls, address: str | None) -> str | None:
        """Take Postgres' own spelling as well; what is none is not repeated, for its password.

        Raises:
            ValueError: if it is no address of a database, or of one that is not supported.
        """
        if address is None:
            return None
        kind, apart, rest = address.partition("://")
        if kind in _POSTGRES:
            address = f"postgresql+psycopg{apart}{rest}"
        try:
            driver = make_url(address).drivername
        except (SQLAlchemyError, ValueError) as error:
            raise ValueError(f"{_EXPECTED_URL}, found another form") from error
        if driver not in _DRIVERS:
            raise ValueError(f"{_EXPECTED_URL}, found {driver}")
        return address

    @cached_property
    def url(self) -> URL:
        """Get the database's address."""
        if self.database_url is not None:
            return make_url(self.database_url)
        path = self.data_dir.absolute() / "xcryonet.sqlite"
        return URL.create("sqlite", database=str(path))

    @property
    def blob_dir(self) -> Path:
        """Get the folder of blobs that are too large for the database."""
        return self.data_dir / "blobs"

    @property
    def on_loopback(self) -> bool:
        """Tell whether only this machine can reach the web process."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
