"""Accounts, tokens, documents, interviews and their turns, the egress ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ACTIVE = "state IN ('created', 'asking', 'answering', 'evaluating')"

# New columns of answers, in SQL that both databases understand: Alembic would add each
# foreign key by itself, which SQLite cannot. `owner` was never set before there were accounts.
ADDED = (
    "owner TEXT REFERENCES accounts (id) ON DELETE CASCADE",
    "guest TEXT CONSTRAINT answers_one_owner CHECK (owner IS NULL OR guest IS NULL)",
    "turn_id TEXT REFERENCES turns (id) ON DELETE CASCADE",
    "question_id TEXT",
    "guide TEXT",
    "redacted_at {moment}",
)


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    _accounts(moment)
    _documents(moment)
    _interviews(moment)
    op.drop_index("answers_idempotency", "answers")
    op.drop_column("answers", "owner")
    sqlite = op.get_bind().dialect.name == "sqlite"
    for column in ADDED:
        name = "DATETIME" if sqlite else "TIMESTAMP WITH TIME ZONE"
        op.execute(f"ALTER TABLE answers ADD COLUMN {column.format(moment=name)}")
    op.create_index("answers_of_owner", "answers", ["owner", "created_at"])
    op.create_index("answers_of_guest", "answers", ["guest"])
    op.create_index("answers_of_turn", "answers", ["turn_id"])
    op.create_index("answers_retakes", "answers", ["owner", "question_id", "created_at"])
    op.create_index(
        "answers_idempotency",
        "answers",
        [sa.text("coalesce(owner, guest, '')"), "idempotency_key"],
        unique=True,
    )
    _egress(moment)


def downgrade() -> None:
    # What belonged to accounts goes with them; guests' answers stay.
    op.drop_table("egress")
    op.execute("DELETE FROM answers WHERE owner IS NOT NULL OR guest IS NOT NULL")
    for index in ("of_owner", "of_guest", "of_turn", "retakes", "idempotency"):
        op.drop_index(f"answers_{index}", "answers")
    for column in ("redacted_at", "guide", "question_id", "turn_id", "guest", "owner"):
        op.drop_column("answers", column)
    op.add_column("answers", sa.Column("owner", sa.Text))
    op.create_index(
        "answers_idempotency",
        "answers",
        [sa.text("coalesce(owner, '')"), "idempotency_key"],
        unique=True,
    )
    for table in ("turns", "interviews", "documents", "api_tokens", "accounts"):
        op.drop_table(table)


def _account(*, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(
        "account_id", sa.Text, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=nullable
    )


def _accounts(moment: sa.DateTime) -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.CheckConstraint("role IN ('candidate', 'admin')", name="accounts_role"),
        sa.CheckConstraint("email = lower(email)", name="accounts_email_case"),
        sa.UniqueConstraint("email", name="accounts_email"),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Text, primary_key=True),
        _account(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("used_at", moment),
        sa.UniqueConstraint("digest", name="api_tokens_digest"),
    )
    op.create_index("api_tokens_of_account", "api_tokens", ["account_id"])


def _documents(moment: sa.DateTime) -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Text, primary_key=True),
        _account(),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("media", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("file_key", sa.Text),
        sa.Column("file_bytes", sa.Integer, nullable=False),
        sa.Column("file_sha256", sa.Text, nullable=False),
        sa.Column("used_at", moment, nullable=False),
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
            "state IN ('queued', 'running', 'done', 'failed')", name="documents_state"
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name="documents_progress"),
        sa.CheckConstraint("attempts >= 0 AND token >= attempts", name="documents_attempts"),
        sa.CheckConstraint(
            "(state = 'running') = (lease_until IS NOT NULL AND worker IS NOT NULL)",
            name="documents_lease",
        ),
        sa.CheckConstraint("(state = 'done') = (result IS NOT NULL)", name="documents_result"),
        sa.CheckConstraint("(state = 'failed') = (error_code IS NOT NULL)", name="documents_error"),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="documents_finished"
        ),
        sa.CheckConstraint("purpose IN ('cv', 'posting')", name="documents_purpose"),
        sa.CheckConstraint("media IN ('pdf', 'docx', 'text')", name="documents_media"),
    )
    op.create_index("documents_by_state", "documents", ["state", "created_at", "id"])
    op.create_index("documents_of_account", "documents", ["account_id", "created_at"])
    op.create_index("documents_file_key", "documents", ["file_key"], unique=True)
    op.create_index("documents_by_use", "documents", ["used_at"])


def _interviews(moment: sa.DateTime) -> None:
    active = sa.text(ACTIVE)
    op.create_table(
        "interviews",
        sa.Column("id", sa.Text, primary_key=True),
        _account(),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("total_questions", sa.Integer, nullable=False),
        sa.Column("voice_name", sa.Text),
        sa.Column("cv_id", sa.Text, sa.ForeignKey("documents.id", ondelete="SET NULL")),
        sa.Column("posting_id", sa.Text, sa.ForeignKey("documents.id", ondelete="SET NULL")),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("moved_at", moment, nullable=False),
        sa.Column("finished_at", moment),
        sa.CheckConstraint(
            "state IN ('created', 'asking', 'answering', 'evaluating',"
            " 'completed', 'abandoned', 'cleared')",
            name="interviews_state",
        ),
        sa.CheckConstraint(f"({ACTIVE}) = (finished_at IS NULL)", name="interviews_finished"),
        sa.CheckConstraint("total_questions BETWEEN 1 AND 20", name="interviews_length"),
    )
    op.create_index("interviews_of_account", "interviews", ["account_id", "created_at"])
    op.create_index(
        "interviews_active",
        "interviews",
        ["account_id"],
        unique=True,
        postgresql_where=active,
        sqlite_where=active,
    )
    op.create_index("interviews_by_move", "interviews", ["state", "moved_at"])
    op.create_index("interviews_of_cv", "interviews", ["cv_id"])
    op.create_index("interviews_of_posting", "interviews", ["posting_id"])
    op.create_table(
        "turns",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "interview_id",
            sa.Text,
            sa.ForeignKey("interviews.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("question_id", sa.Text),
        sa.Column("follow_up", sa.Text),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("guide", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("begun_at", moment),
        sa.Column("skipped_at", moment),
        sa.UniqueConstraint("interview_id", "number", name="turns_number"),
        sa.CheckConstraint("number >= 1", name="turns_from_one"),
    )


def _egress(moment: sa.DateTime) -> None:
    op.create_table(
        "egress",
        sa.Column("id", sa.Text, primary_key=True),
        _account(nullable=True),
        sa.Column("answer_id", sa.Text, sa.ForeignKey("answers.id", ondelete="SET NULL")),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("bytes_sent", sa.Integer, nullable=False),
        sa.Column("bytes_received", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index("egress_of_account", "egress", ["account_id", "at"])
    op.create_index("egress_by_time", "egress", ["at"])
    op.create_index("egress_of_answer", "egress", ["answer_id"])
