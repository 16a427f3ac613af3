"""An index of what retention has not redacted yet."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

UNREDACTED = sa.text("redacted_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "answers_to_redact",
        "answers",
        ["finished_at"],
        postgresql_where=UNREDACTED,
        sqlite_where=UNREDACTED,
    )


def downgrade() -> None:
    op.drop_index("answers_to_redact", "answers")
