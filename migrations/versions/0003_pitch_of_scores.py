"""squares are scored with the mesh pitch of their atlas

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("atlas", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scoring_mesh_pitch_um", sa.Double(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("atlas", schema=None) as batch_op:
        batch_op.drop_column("scoring_mesh_pitch_um")
