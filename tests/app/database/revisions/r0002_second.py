from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("things") as things:
        things.add_column(sa.Column("name", sa.Text, nullable=True))
