"""Accounts, sessions and batches for thousands of viewers, straight by SQL.

Batch i belongs to user i, who is signed in with a session of his own; user 0 has a crowd of sessions more, one for each viewer of
his batch. A batch has one photo that is done and two that wait: its snapshot is about 1 KiB. All numbers begin at a million, so
that every number of a run has the same length.
"""

import hashlib
from typing import LiteralString
from uuid import UUID

import psycopg

LAST_EVENT = 1_000_000
PHOTOS = 3

STATEMENTS: tuple[LiteralString, ...] = (
    """
    INSERT INTO users (id, email, password_hash)
    SELECT md5('user' || i)::uuid, 'viewer-' || i || '@example.org', '-' FROM generate_series(0, %(batches)s - 1) i""",
    """
    INSERT INTO sessions (id, user_id, token_hash, expires_at)
    SELECT md5('session' || i)::uuid, md5('user' || i)::uuid, sha256(convert_to('own-' || i, 'UTF8')), now() + interval '7 days'
      FROM generate_series(0, %(batches)s - 1) i""",
    """
    INSERT INTO sessions (id, user_id, token_hash, expires_at)
    SELECT md5('crowd' || i)::uuid, md5('user0')::uuid, sha256(convert_to('crowd-' || i, 'UTF8')), now() + interval '7 days'
      FROM generate_series(0, %(crowd)s - 1) i""",
    """
    INSERT INTO projects (id, user_id, name)
    SELECT md5('project' || i)::uuid, md5('user' || i)::uuid, 'Benchmark' FROM generate_series(0, %(batches)s - 1) i""",
    """
    INSERT INTO batches (id, user_id, project_id, status, total, pending, done, total_items, total_litres, last_event)
    SELECT md5('batch' || i)::uuid, md5('user' || i)::uuid, md5('project' || i)::uuid, 'PROCESSING', 3, 2, 1, 17, 2680, 1000000
      FROM generate_series(0, %(batches)s - 1) i""",
    """
    INSERT INTO photos (id, batch_id, position, storage_key, filename, content_type, bytes, status, room_type, item_count, litres)
    SELECT md5('photo' || i || '-' || p)::uuid, md5('batch' || i)::uuid, p, 'originals/none', 'living-room-' || p || '.jpg',
           'image/jpeg', 2000000, CASE p WHEN 0 THEN 'DONE' ELSE 'PENDING' END, CASE p WHEN 0 THEN 'living_room' END,
           CASE p WHEN 0 THEN 17 ELSE 0 END, CASE p WHEN 0 THEN 2680 ELSE 0 END
      FROM generate_series(0, %(batches)s - 1) i, generate_series(0, 2) p""",
    """
    INSERT INTO items (id, photo_id, label, count, litres_each, confidence, source, analyzer_label)
    SELECT gen_random_uuid(), md5('photo' || i || '-0')::uuid, t.label, t.count, t.litres, 0.9, 'analyzer', t.label
      FROM generate_series(0, %(batches)s - 1) i,
           (VALUES ('sofa', 1, 1400), ('box', 12, 60), ('chair', 4, 140)) t (label, count, litres)""",
    "ANALYZE",
)


def fill(url: str, batches: int, crowd: int) -> str:
    """The epoch of the database."""
    with psycopg.connect(url, autocommit=True) as conn:
        for statement in STATEMENTS:
            conn.execute(statement, {"batches": batches, "crowd": crowd} if "%(" in statement else None)
        row = conn.execute("SELECT epoch FROM installation").fetchone()
    assert row
    return str(row[0])


def batch_id(number: int) -> UUID:
    return _uuid(f"batch{number}")


def photo_id(number: int, position: int) -> UUID:
    return _uuid(f"photo{number}-{position}")


def _uuid(text: str) -> UUID:
    return UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())
