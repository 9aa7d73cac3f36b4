"""Where the fixtures live; nothing else belongs here."""

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.database",
    "tests.fixtures.batches",
    "tests.fixtures.strictness",
    "tests.fixtures.house",
]
