"""The tables, as SQLAlchemy Core; the same on SQLite and PostgreSQL.

A change here needs a migration beside it: a test compares the two. What belongs to an account
goes with it: every foreign key to `accounts` cascades.
"""

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from mulakat.store.columns import JsonText, Moment, work_columns, work_constraints

metadata = MetaData()


def _account(*, nullable: bool = False, name: str = "account_id") -> Column[Any]:
    return Column(name, Text, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=nullable)


accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),  # UUIDv7
    Column("email", Text, nullable=False),  # in lower case
    Column("name", Text, nullable=False),  # how to address them; may be empty
    Column("password_hash", Text, nullable=False),  # argon2id, in PHC's string format
    Column("role", Text, nullable=False),
    Column("language", Text),  # to speak to them in; NULL: as the browser asks
    # Sessions carry the epoch in which they began; one of an older epoch is void.
    Column("epoch", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("role IN ('candidate', 'admin')", name="accounts_role"),
    CheckConstraint("email = lower(email)", name="accounts_email_case"),
    UniqueConstraint("email", name="accounts_email"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    _account(),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),  # sha256 of the token, which is shown once
    Column("hint", Text, nullable=False),  # its last characters, to tell tokens apart
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),  # to the day: reading with a token must not write each time
    UniqueConstraint("digest", name="api_tokens_digest"),
    Index("api_tokens_of_account", "account_id"),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    _account(),
    Column("purpose", Text, nullable=False),
    Column("media", Text, nullable=False),  # found by its first bytes
    Column("language", Text, nullable=False),  # of the sentences about it
    # In the spool until it is read; then the text is in the result.
    Column("file_key", Text),
    Column("file_bytes", Integer, nullable=False),
    Column("file_sha256", Text, nullable=False),
    Column("used_at", Moment, nullable=False),  # when an interview last asked from it
    *work_columns(),
    *work_constraints("documents"),
    CheckConstraint("purpose IN ('cv', 'posting')", name="documents_purpose"),
    CheckConstraint("media IN ('pdf', 'docx', 'text')", name="documents_media"),
    Index("documents_by_state", "state", "created_at", "id"),
    Index("documents_of_account", "account_id", "created_at"),
    Index("documents_file_key", "file_key", unique=True),
    Index("documents_by_use", "used_at"),
)

ACTIVE = "state IN ('created', 'asking', 'answering', 'evaluating')"

interviews = Table(
    "interviews",
    metadata,
    Column("id", Text, primary_key=True),
    _account(),
    Column("state", Text, nullable=False),  # see mulakat.interview.states
    Column("field", Text, nullable=False),  # of the question bank
    Column("level", Text, nullable=False),
    Column("language", Text, nullable=False),  # of questions and answers
    Column("total_questions", Integer, nullable=False),
    Column("voice_name", Text),
    Column("cv_id", Text, ForeignKey("documents.id", ondelete="SET NULL")),
    Column("posting_id", Text, ForeignKey("documents.id", ondelete="SET NULL")),
    Column("created_at", Moment, nullable=False),
    Column("moved_at", Moment, nullable=False),  # of the latest move from state to state
    Column("finished_at", Moment),
    CheckConstraint(
        "state IN ('created', 'asking', 'answering', 'evaluating',"
        " 'completed', 'abandoned', 'cleared')",
        name="interviews_state",
    ),
    CheckConstraint(f"({ACTIVE}) = (finished_at IS NULL)", name="interviews_finished"),
    CheckConstraint("total_questions BETWEEN 1 AND 20", name="interviews_length"),
    Index("interviews_of_account", "account_id", "created_at"),
    # One at a time for each person; also how unfinished ones are found.
    Index(
        "interviews_active",
        "account_id",
        unique=True,
        postgresql_where=text(ACTIVE),
        sqlite_where=text(ACTIVE),
    ),
    Index("interviews_by_move", "state", "moved_at"),
    Index("interviews_of_cv", "cv_id"),
    Index("interviews_of_posting", "posting_id"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Text, primary_key=True),
    Column("interview_id", Text, ForeignKey("interviews.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # from 1
    Column("question_id", Text),  # of the bank; a follow-up has its question's
    Column("follow_up", Text),  # the trigger, when this follows up on the turn before
    Column("category", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("text", Text, nullable=False),  # as it was asked
    Column("guide", JsonText, nullable=False),  # key points and example, as they were then
    Column("reason", JsonText, nullable=False),  # why it was asked: code and params
    Column("asked_at", Moment, nullable=False),
    Column("begun_at", Moment),  # when the answer was begun
    Column("skipped_at", Moment),
    UniqueConstraint("interview_id", "number", name="turns_number"),
    CheckConstraint("number >= 1", name="turns_from_one"),
)

answers = Table(
    "answers",
    metadata,
    Column("id", Text, primary_key=True),  # UUIDv7
    # Whose it is: an account's, a guest's browser's (sha256 of its cookie), or, with neither,
    # of whoever knows its id.
    _account(nullable=True, name="owner"),
    Column("guest", Text),
    # Where it belongs: a turn of an interview, or a question of the bank practised alone.
    Column("turn_id", Text, ForeignKey("turns.id", ondelete="CASCADE")),
    Column("question_id", Text),
    Column("guide", JsonText),
    # What was asked and how to speak to whoever asked.
    Column("question", Text, nullable=False),
    Column("language", Text, nullable=False),  # of the answer
    Column("reader", Text, nullable=False),  # of the sentences about it
    Column("additional_text", Text, nullable=False),
    Column("voice_name", Text),
    # The answer: typed, or a recording in the spool. The key is NULL once the spool's file
    # is let go; the other audio columns stay.
    Column("typed_text", Text),
    Column("audio_key", Text),
    Column("audio_bytes", Integer),
    Column("audio_sha256", Text),
    Column("audio_container", Text),
    # Which request made it.
    Column("idempotency_key", Text),
    Column("body_hash", Text, nullable=False),
    *work_columns(),
    Column("redacted_at", Moment),  # when what was said was deleted, the scores kept
    *work_constraints("answers"),
    CheckConstraint(
        "(typed_text IS NULL) <> (audio_sha256 IS NULL)", name="answers_typed_or_spoken"
    ),
    CheckConstraint("owner IS NULL OR guest IS NULL", name="answers_one_owner"),
    # Claiming, places in the queue, its depth.
    Index("answers_by_state", "state", "created_at", "id"),
    # Expiry, and how long answers take.
    Index("answers_by_finish", "state", "finished_at"),
    # A recording belongs to one answer; also the sweep's question of what is owned.
    Index("answers_audio_key", "audio_key", unique=True),
    Index(
        "answers_old_keys",
        "created_at",
        postgresql_where=text("idempotency_key IS NOT NULL"),
        sqlite_where=text("idempotency_key IS NOT NULL"),
    ),
    # What retention has not redacted yet; without it, all that it has is looked at each minute.
    Index(
        "answers_to_redact",
        "finished_at",
        postgresql_where=text("redacted_at IS NULL"),
        sqlite_where=text("redacted_at IS NULL"),
    ),
    Index("answers_of_owner", "owner", "created_at"),
    Index("answers_of_guest", "guest"),
    Index("answers_of_turn", "turn_id"),
    Index("answers_retakes", "owner", "question_id", "created_at"),
)

# Programs without an account share one scope; a plain unique index would not see two NULLs
# as equal.
Index(
    "answers_idempotency",
    func.coalesce(answers.c.owner, answers.c.guest, text("''")),
    answers.c.idempotency_key,
    unique=True,
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("answer_id", Text, ForeignKey("answers.id", ondelete="CASCADE"), nullable=False),
    # What was said instead: pairs of index and text. Let go at the end; the result has it then.
    Column("words", JsonText),
    Column("idempotency_key", Text),
    Column("body_hash", Text, nullable=False),
    *work_columns(),
    *work_constraints("corrections"),
    Index("corrections_by_state", "state", "created_at", "id"),
    Index("corrections_of_answer", "answer_id", "created_at"),
    Index("corrections_keys", "answer_id", "idempotency_key", unique=True),
    Index("corrections_by_finish", "finished_at"),
    # One at a time for each answer: the next follows on its result.
    Index(
        "corrections_open",
        "answer_id",
        unique=True,
        postgresql_where=text("finished_at IS NULL"),
        sqlite_where=text("finished_at IS NULL"),
    ),
)

egress = Table(
    "egress",
    metadata,
    Column("id", Text, primary_key=True),
    _account(nullable=True),  # NULL: a guest's
    Column("answer_id", Text, ForeignKey("answers.id", ondelete="SET NULL")),
    Column("purpose", Text, nullable=False),  # transcribe, evaluate, speak
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("host", Text, nullable=False),  # where it was sent
    Column("bytes_sent", Integer, nullable=False),
    Column("bytes_received", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("egress_of_account", "account_id", "at"),
    Index("egress_by_time", "at"),
    Index("egress_of_answer", "answer_id"),
)
