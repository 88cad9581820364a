"""Settings of the ingest process: read once in `run()` and passed down."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class IngestSettings(BaseSettings):
    """What ingest needs to know; environment variables start with `XCRYONET_`."""

    model_config = SettingsConfigDict(env_prefix="XCRYONET_", extra="ignore", frozen=True)

    watch: Path | None = Field(default=None, description="EPU's folder; only read")
    url: str = Field(default="http://127.0.0.1:8000", description="address of the service")
    token: SecretStr = Field(default=SecretStr(""), description="token with the scope ingest")
    name: str | None = Field(default=None, description="name of this ingest; None = the host's")
    polling: bool | None = Field(
        default=None, description="do without file events; None looks at the file system"
    )
