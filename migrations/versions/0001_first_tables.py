"""first tables

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blob",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_blob_sha256_length")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob")),
    )
    op.create_table(
        "event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.String(length=128), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_grid_id"), ["grid_id"], unique=False)

    op.create_table(
        "file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("session_key", sa.String(length=255), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "settling",
                "waiting",
                "read",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
        sa.UniqueConstraint("path", name=op.f("uq_file_path")),
    )
    with op.batch_alter_table("file", schema=None) as batch_op:
        batch_op.create_index("ix_file_state", ["state", "updated_at"], unique=False)

    op.create_table(
        "ingester",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("watching", sa.String(length=4096), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("polling", sa.Boolean(), nullable=False),
        sa.Column("files_seen", sa.Integer(), nullable=False),
        sa.Column("files_pending", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_ingester")),
    )
    op.create_table(
        "model",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model")),
    )
    with op.batch_alter_table("model", schema=None) as batch_op:
        batch_op.create_index(
            "uq_model_current",
            ["current"],
            unique=True,
            sqlite_where=sa.text("current"),
            postgresql_where=sa.text("current"),
        )

    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("instrument_id", sa.String(), nullable=True),
        sa.Column("instrument_model", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("key", name=op.f("uq_session_key")),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("sha256", name=op.f("uq_token_sha256")),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("model_id", sa.String(length=128), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "starting",
                "idle",
                "busy",
                "stopped",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    op.create_table(
        "grid",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "idle",
                "acquiring",
                "acquired",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("percent", sa.Double(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("atlas_id", sa.Uuid(), nullable=True),
        sa.Column("tiles_planned", sa.Integer(), nullable=True),
        sa.Column("tiles_placed", sa.Integer(), nullable=False),
        sa.Column("tiles_waiting", sa.Integer(), nullable=False),
        sa.Column("tiles_failed", sa.Integer(), nullable=False),
        sa.Column("squares", sa.Integer(), nullable=False),
        sa.Column("squares_scored", sa.Integer(), nullable=False),
        sa.Column("squares_usable", sa.Integer(), nullable=False),
        sa.Column("best_overall", sa.Double(), nullable=True),
        sa.Column("median_overall", sa.Double(), nullable=True),
        sa.Column("film_level", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.id"],
            name=op.f("fk_grid_session_id_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid")),
        sa.UniqueConstraint("session_id", "sample", name=op.f("uq_grid_session_id_sample")),
    )
    op.create_table(
        "atlas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grid_id", sa.Uuid(), nullable=False),
        sa.Column("epu_atlas_id", sa.BigInteger(), nullable=False),
        sa.Column("tiles_planned", sa.Integer(), nullable=True),
        sa.Column("pixel_nm", sa.Double(), nullable=True),
        sa.Column("width_px", sa.Integer(), nullable=True),
        sa.Column("height_px", sa.Integer(), nullable=True),
        sa.Column(
            "frame_source",
            sa.Enum(
                "nominal",
                "atlas_dm",
                name="frame_source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("film_level", sa.Double(), nullable=True),
        sa.Column("vacuum_level", sa.Double(), nullable=True),
        sa.Column("full_scale", sa.Double(), nullable=True),
        sa.Column("scoring_film_level", sa.Double(), nullable=True),
        sa.Column("scoring_vacuum_level", sa.Double(), nullable=True),
        sa.Column("mesh_pitch_um", sa.Double(), nullable=True),
        sa.Column("mesh_rotation_deg", sa.Double(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("acquired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("camera", sa.String(), nullable=True),
        sa.Column("magnification", sa.Double(), nullable=True),
        sa.Column("voltage_kv", sa.Double(), nullable=True),
        sa.Column("stage_scale_x", sa.Double(), nullable=True),
        sa.Column("stage_pivot_mm", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["grid_id"], ["grid.id"], name=op.f("fk_atlas_grid_id_grid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_atlas")),
        sa.UniqueConstraint("grid_id", "epu_atlas_id", name=op.f("uq_atlas_grid_id_epu_atlas_id")),
    )
    op.create_table(
        "tile",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("atlas_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("epu_tile_id", sa.BigInteger(), nullable=True),
        sa.Column("index", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "placed",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("dark", sa.Boolean(), nullable=False),
        sa.Column("pixels_from", sa.String(), nullable=True),
        sa.Column("camera_width_px", sa.Integer(), nullable=True),
        sa.Column("camera_height_px", sa.Integer(), nullable=True),
        sa.Column("pixel_nm", sa.Double(), nullable=True),
        sa.Column("binning", sa.Integer(), nullable=True),
        sa.Column("stage_x_um", sa.Double(), nullable=True),
        sa.Column("stage_y_um", sa.Double(), nullable=True),
        sa.Column("stage_z_um", sa.Double(), nullable=True),
        sa.Column("acquired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dose_per_px", sa.Double(), nullable=True),
        sa.Column("column", sa.Integer(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("x_px", sa.Double(), nullable=True),
        sa.Column("y_px", sa.Double(), nullable=True),
        sa.Column("width_px", sa.Double(), nullable=True),
        sa.Column("height_px", sa.Double(), nullable=True),
        sa.Column("images", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["atlas_id"], ["atlas.id"], name=op.f("fk_tile_atlas_id_atlas"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tile")),
        sa.UniqueConstraint("atlas_id", "name", name=op.f("uq_tile_atlas_id_name")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=160), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "score", "train", name="kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("tile_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                "dead",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("worker_id", sa.String(length=128), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tile_id"], ["tile.id"], name=op.f("fk_job_tile_id_tile"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_state", ["state"], unique=False)
        batch_op.create_index("ix_job_tile", ["tile_id"], unique=False)

    op.create_table(
        "square",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("atlas_id", sa.Uuid(), nullable=False),
        sa.Column("tile_id", sa.Uuid(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("center_x_px", sa.Double(), nullable=False),
        sa.Column("center_y_px", sa.Double(), nullable=False),
        sa.Column("width_px", sa.Double(), nullable=False),
        sa.Column("height_px", sa.Double(), nullable=False),
        sa.Column("rotation_deg", sa.Double(), nullable=False),
        sa.Column("corners_px", sa.JSON(), nullable=False),
        sa.Column("stage_x_um", sa.Double(), nullable=False),
        sa.Column("stage_y_um", sa.Double(), nullable=False),
        sa.Column("stage_z_um", sa.Double(), nullable=True),
        sa.Column("stage_residual_um", sa.Double(), nullable=True),
        sa.Column(
            "stage_source",
            sa.Enum(
                "epu_nodes",
                "stage_model",
                "nominal",
                name="stage_source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("aligned_stage_x_um", sa.Double(), nullable=True),
        sa.Column("aligned_stage_y_um", sa.Double(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.Column("on_rim", sa.Boolean(), nullable=False),
        sa.Column("epu_node_id", sa.BigInteger(), nullable=True),
        sa.Column("epu_category", sa.Integer(), nullable=True),
        sa.Column("epu_quality", sa.Double(), nullable=True),
        sa.Column("crop_sha256", sa.String(length=64), nullable=True),
        sa.Column("crop_full_scale", sa.Double(), nullable=True),
        sa.Column("thumbnail_sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "scored",
                "partial",
                "failed",
                "out_of_domain",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("overall", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("model_id", sa.String(length=128), nullable=True),
        sa.Column("wanted_input", sa.String(), nullable=True),
        sa.Column("scored_input", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "coverage >= 0 AND coverage <= 1", name=op.f("ck_square_coverage_range")
        ),
        sa.CheckConstraint("overall >= 0 AND overall <= 4", name=op.f("ck_square_overall_range")),
        sa.ForeignKeyConstraint(
            ["atlas_id"], ["atlas.id"], name=op.f("fk_square_atlas_id_atlas"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_square_model_id_model")),
        sa.ForeignKeyConstraint(
            ["tile_id"], ["tile.id"], name=op.f("fk_square_tile_id_tile"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_square")),
        sa.UniqueConstraint("atlas_id", "epu_node_id", name=op.f("uq_square_atlas_id_epu_node_id")),
    )
    with op.batch_alter_table("square", schema=None) as batch_op:
        batch_op.create_index(
            "ix_square_ranked", ["atlas_id", "retired", "status", "overall"], unique=False
        )
        batch_op.create_index("ix_square_tile", ["tile_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("grid_id", sa.Uuid(), nullable=False),
        sa.Column("square_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "take",
                "skip",
                "clear",
                "note",
                "order",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "square_id IS NOT NULL OR kind = 'note'", name=op.f("ck_decision_has_square")
        ),
        sa.ForeignKeyConstraint(
            ["grid_id"], ["grid.id"], name=op.f("fk_decision_grid_id_grid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["square_id"],
            ["square.id"],
            name=op.f("fk_decision_square_id_square"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("client_id", name=op.f("uq_decision_client_id")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_grid", ["grid_id", "superseded_at"], unique=False)
        batch_op.create_index("ix_decision_square", ["square_id", "superseded_at"], unique=False)

    op.create_table(
        "label",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("square_id", sa.Uuid(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("brightness", sa.Double(), nullable=True),
        sa.Column("squareness", sa.Double(), nullable=True),
        sa.Column("cracking", sa.Double(), nullable=True),
        sa.Column("contamination", sa.Double(), nullable=True),
        sa.Column("overall", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "brightness >= 0 AND brightness <= 4", name=op.f("ck_label_brightness_range")
        ),
        sa.CheckConstraint(
            "contamination >= 0 AND contamination <= 4", name=op.f("ck_label_contamination_range")
        ),
        sa.CheckConstraint("cracking >= 0 AND cracking <= 4", name=op.f("ck_label_cracking_range")),
        sa.CheckConstraint("overall >= 0 AND overall <= 4", name=op.f("ck_label_overall_range")),
        sa.CheckConstraint(
            "squareness >= 0 AND squareness <= 4", name=op.f("ck_label_squareness_range")
        ),
        sa.ForeignKeyConstraint(
            ["square_id"], ["square.id"], name=op.f("fk_label_square_id_square"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by"], ["label.id"], name=op.f("fk_label_superseded_by_label")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("client_id", name=op.f("uq_label_client_id")),
    )
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.create_index("ix_label_square", ["square_id", "superseded_at"], unique=False)

    op.create_table(
        "prediction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("square_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.String(length=128), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "scored",
                "partial",
                "failed",
                "out_of_domain",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("brightness", sa.Double(), nullable=True),
        sa.Column("brightness_sd", sa.Double(), nullable=True),
        sa.Column("squareness", sa.Double(), nullable=True),
        sa.Column("squareness_sd", sa.Double(), nullable=True),
        sa.Column("cracking", sa.Double(), nullable=True),
        sa.Column("cracking_sd", sa.Double(), nullable=True),
        sa.Column("contamination", sa.Double(), nullable=True),
        sa.Column("contamination_sd", sa.Double(), nullable=True),
        sa.Column("overall", sa.Double(), nullable=True),
        sa.Column("overall_sd", sa.Double(), nullable=True),
        sa.Column("attention_cracking_sha256", sa.String(length=64), nullable=True),
        sa.Column("attention_contamination_sha256", sa.String(length=64), nullable=True),
        sa.Column("scored_input", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status != 'waiting'", name=op.f("ck_prediction_is_a_result")),
        sa.CheckConstraint(
            "status NOT IN ('scored', 'partial') OR overall IS NOT NULL",
            name=op.f("ck_prediction_scored_has_overall"),
        ),
        sa.CheckConstraint(
            "brightness >= 0 AND brightness <= 4", name=op.f("ck_prediction_brightness_range")
        ),
        sa.CheckConstraint(
            "contamination >= 0 AND contamination <= 4",
            name=op.f("ck_prediction_contamination_range"),
        ),
        sa.CheckConstraint(
            "cracking >= 0 AND cracking <= 4", name=op.f("ck_prediction_cracking_range")
        ),
        sa.CheckConstraint(
            "overall >= 0 AND overall <= 4", name=op.f("ck_prediction_overall_range")
        ),
        sa.CheckConstraint(
            "squareness >= 0 AND squareness <= 4", name=op.f("ck_prediction_squareness_range")
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_prediction_model_id_model")
        ),
        sa.ForeignKeyConstraint(
            ["square_id"],
            ["square.id"],
            name=op.f("fk_prediction_square_id_square"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prediction")),
        sa.UniqueConstraint("square_id", "model_id", name=op.f("uq_prediction_square_id_model_id")),
    )


def downgrade() -> None:
    op.drop_table("prediction")
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.drop_index("ix_label_square")

    op.drop_table("label")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index("ix_decision_square")
        batch_op.drop_index("ix_decision_grid")

    op.drop_table("decision")
    with op.batch_alter_table("square", schema=None) as batch_op:
        batch_op.drop_index("ix_square_tile")
        batch_op.drop_index("ix_square_ranked")

    op.drop_table("square")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_tile")
        batch_op.drop_index("ix_job_state")

    op.drop_table("job")
    op.drop_table("tile")
    op.drop_table("atlas")
    op.drop_table("grid")
    op.drop_table("worker")
    op.drop_table("token")
    op.drop_table("session")
    with op.batch_alter_table("model", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_model_current", sqlite_where=sa.text("current"), postgresql_where=sa.text("current")
        )

    op.drop_table("model")
    op.drop_table("ingester")
    with op.batch_alter_table("file", schema=None) as batch_op:
        batch_op.drop_index("ix_file_state")

    op.drop_table("file")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_grid_id"))

    op.drop_table("event")
    op.drop_table("blob")
