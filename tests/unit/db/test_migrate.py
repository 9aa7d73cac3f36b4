from roomtally.db.migrate import list_migrations


def test_migrations_are_numbered_without_gaps_and_named() -> None:
    migrations = list_migrations()
    assert [migration.version for migration in migrations] == list(range(1, len(migrations) + 1))
    assert all(migration.name == migration.name.lower() and len(migration.name) > 5 for migration in migrations)


def test_a_changed_text_has_another_sum() -> None:
    first = list_migrations()[0]
    assert first.sha256 != first._replace(text=first.text + " ").sha256
