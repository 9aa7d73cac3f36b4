"""Where the fixtures live; nothing else belongs here."""

pytest_plugins = [
    "tests.fixtures.surroundings",
    "tests.fixtures.servers",
    "tests.fixtures.database",
    "tests.fixtures.app",
    "tests.fixtures.batches",
    "tests.fixtures.workers",
    "tests.fixtures.bench",
    "tests.fixtures.strictness",
    "tests.fixtures.house",
    "tests.fixtures.place",
]
