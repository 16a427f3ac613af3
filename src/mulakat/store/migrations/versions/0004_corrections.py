"""Corrections of what the recogniser heard; the version before does not look at them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OPEN = sa.text("finished_at IS NULL")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "corrections",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "answer_id", sa.Text, sa.ForeignKey("answers.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("words", sa.Text),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("body_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("lease_until", moment),
        sa.Column("stage", sa.Text),
        sa.Column("progress", sa.Integer),
        sa.Column("result", sa.Text),
        sa.Column("error_code", sa.Text),
        sa.Column("error_params", sa.Text),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("started_at", moment),
        sa.Column("finished_at", moment),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed')", name="corrections_state"
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name="corrections_progress"),
        sa.CheckConstraint("attempts >= 0 AND token >= attempts", name="corrections_attempts"),
        sa.CheckConstraint(
            "(state = 'running') = (lease_until IS NOT NULL AND worker IS NOT NULL)",
            name="corrections_lease",
        ),
        sa.CheckConstraint("(state = 'done') = (result IS NOT NULL)", name="corrections_result"),
        sa.CheckConstraint(
            "(state = 'failed') = (error_code IS NOT NULL)", name="corrections_error"
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)",
            name="corrections_finished",
        ),
    )
    op.create_index("corrections_by_state", "corrections", ["state", "created_at", "id"])
    op.create_index("corrections_of_answer", "corrections", ["answer_id", "created_at"])
    op.create_index(
        "corrections_keys", "corrections", ["answer_id", "idempotency_key"], unique=True
    )
    op.create_index("corrections_by_finish", "corrections", ["finished_at"])
    op.create_index(
        "corrections_open",
        "corrections",
        ["answer_id"],
        unique=True,
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    )


def downgrade() -> None:
    op.drop_table("corrections")
