"""The answers and their queue."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    keyed = sa.text("idempotency_key IS NOT NULL")
    op.create_table(
        "answers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("additional_text", sa.Text, nullable=False),
        sa.Column("voice_name", sa.Text),
        sa.Column("typed_text", sa.Text),
        sa.Column("audio_key", sa.Text),
        sa.Column("audio_bytes", sa.Integer),
        sa.Column("audio_sha256", sa.Text),
        sa.Column("audio_container", sa.Text),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("body_hash", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("lease_until", moment),
        sa.Column("stage", sa.Text),
        sa.Column("progress", sa.Integer),
        sa.Column("result", sa.Text),
        sa.Column("error_code", sa.Text),
        sa.Column("error_params", sa.Text),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("started_at", moment),
        sa.Column("finished_at", moment),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed')", name="answers_state"
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name="answers_progress"),
        sa.CheckConstraint("attempts >= 0 AND token >= attempts", name="answers_attempts"),
        sa.CheckConstraint(
            "(typed_text IS NULL) <> (audio_sha256 IS NULL)", name="answers_typed_or_spoken"
        ),
        sa.CheckConstraint(
            "(state = 'running') = (lease_until IS NOT NULL AND worker IS NOT NULL)",
            name="answers_lease",
        ),
        sa.CheckConstraint("(state = 'done') = (result IS NOT NULL)", name="answers_result"),
        sa.CheckConstraint("(state = 'failed') = (error_code IS NOT NULL)", name="answers_error"),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="answers_finished"
        ),
    )
    op.create_index("answers_by_state", "answers", ["state", "created_at", "id"])
    op.create_index("answers_by_finish", "answers", ["state", "finished_at"])
    op.create_index("answers_audio_key", "answers", ["audio_key"], unique=True)
    op.create_index(
        "answers_old_keys", "answers", ["created_at"], postgresql_where=keyed, sqlite_where=keyed
    )
    op.create_index(
        "answers_idempotency",
        "answers",
        [sa.text("coalesce(owner, '')"), "idempotency_key"],
        unique=True,
    )


def downgrade() -> None:
    op.drop_table("answers")
