"""Databases with many rows, made by the database itself: the same on SQLite and PostgreSQL."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

ANSWERS_EACH = 5
"""Turns of an interview, each with its answer."""

GUIDE_WORDS = 20
"""Some 700 characters, as key points and example of the bank's questions have."""

CV_WORDS = 50
"""Some 1,700 characters."""


def words(count: int, *, sqlite: bool) -> str:
    """Return SQL for text of some 33 * `count` characters that no database can shrink much."""
    if sqlite:
        return f"lower(hex(randomblob({16 * count})))"
    each = f"SELECT md5(CAST(w * 1000003 + n AS text)) FROM generate_series(1, {count}) w"
    return f"array_to_string(ARRAY({each}), ' ')"


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows; `result` is SQL that gives a result's JSON for the answer number `n`."""

    accounts: int
    interviews: int
    result: str = """'{"score":' || (n % 101) || ',"scored":true,"criteria":[],"gaps":[]}'"""


def fill(connection: Connection, size: Size) -> None:
    """Add accounts `a1`, `a2`, …, with interviews `i1`, … of five answers, and what else
    belongs to them; one answer in 50 is a guest's. All are finished, a minute apart.
    """
    sqlite = connection.dialect.name == "sqlite"

    def add(table: str, count: int, columns: dict[str, str]) -> None:
        names, values = ", ".join(columns), ", ".join(columns.values())
        numbers = (
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s LIMIT :count)"
            if sqlite
            else "WITH s(n) AS (SELECT generate_series(1, :count))"
        )
        values = values.replace(":", r"\:")
        insert = f"INSERT INTO {table} ({names}) {numbers} SELECT {values} FROM s"
        connection.execute(text(insert), {"count": count})

    def at(minute: str) -> str:
        if sqlite:
            form = "%Y-%m-%d %H:%M:%S.000000"
            return f"strftime('{form}', '2025-01-01', '+' || ({minute}) || ' minutes')"
        return f"TIMESTAMPTZ '2025-01-01 00:00+00' + ({minute}) * INTERVAL '1 minute'"

    whose = f"'a' || (n % {size.accounts} + 1)"
    interview = f"((n - 1) / {ANSWERS_EACH} + 1)"
    done = {
        "state": "'done'", "attempts": "1", "token": "1", "result": size.result,
        "request_id": "'r'", "created_at": at("n"), "started_at": at("n"), "finished_at": at("n"),
    }  # fmt: skip
    add("accounts", size.accounts, {
        "id": "'a' || n", "email": "'a' || n || '@example.org'", "name": "'A'",
        "password_hash": "'!'", "role": "'candidate'", "epoch": "1", "created_at": at("n"),
    })  # fmt: skip
    add("api_tokens", size.accounts, {
        "id": "'k' || n", "account_id": whose, "name": "'t'", "digest": "'d' || n", "hint": "'h'",
        "created_at": at("n"),
    })  # fmt: skip
    add("documents", size.interviews, done | {
        "id": "'d' || n", "account_id": whose, "purpose": "'cv'", "media": "'text'",
        "language": "'en'", "file_bytes": "1", "file_sha256": "'s' || n", "used_at": at("n"),
        "result": """'{"text":"' || """ + words(CV_WORDS, sqlite=sqlite) + """ || '"}'""",
    })  # fmt: skip
    add("interviews", size.interviews, {
        "id": "'i' || n", "account_id": whose, "state": "'completed'", "field": "'software'",
        "level": "'mid'", "language": "'en'", "total_questions": str(ANSWERS_EACH),
        "cv_id": "'d' || n", "created_at": at(f"n * {ANSWERS_EACH}"),
        "moved_at": at(f"n * {ANSWERS_EACH}"), "finished_at": at(f"n * {ANSWERS_EACH}"),
    })  # fmt: skip
    total = size.interviews * ANSWERS_EACH
    question = "'software-' || (n % 300)"
    add("turns", total, {
        "id": "'t' || n", "interview_id": f"'i' || {interview}",
        "number": f"(n - 1) % {ANSWERS_EACH} + 1", "question_id": question,
        "category": "'ethics'", "level": "'mid'", "text": "'Why?'",
        "guide": """'{"key_points":["A","B","C"],"example":"' || """
        + words(GUIDE_WORDS, sqlite=sqlite)
        + """ || '"}'""",
        "reason": """'{"code":"opening","params":{}}'""", "asked_at": at("n"),
    })  # fmt: skip
    add("answers", total, done | {
        "id": "'w' || n",
        "owner": f"CASE WHEN n % 50 > 0 THEN 'a' || ({interview} % {size.accounts} + 1) END",
        "turn_id": "CASE WHEN n % 50 > 0 THEN 't' || n END", "question_id": question,
        "question": "'Why?'", "language": "'en'", "reader": "'en'", "additional_text": "''",
        "typed_text": "'Because.'", "body_hash": "'b' || n",
    })  # fmt: skip
    add("egress", total, {
        "id": "'e' || n", "account_id": whose, "answer_id": "'w' || n",
        "purpose": "'evaluate'", "provider": "'p'", "model": "'m'", "host": "'h'",
        "bytes_sent": "1", "bytes_received": "1", "outcome": "'ok'", "at": at("n"),
    })  # fmt: skip
