import pytest

from roomtally import errors, settings

LEAST = {
    "ROOMTALLY_DATABASE_URL": "postgresql:///x",
    "ROOMTALLY_REDIS_URL": "redis://localhost",
    "ROOMTALLY_STORAGE_URL": "file:///tmp/x",
}


def test_text_becomes_numbers_and_truth_values():
    read = settings.load({**LEAST, "ROOMTALLY_PORT": "8123", "ROOMTALLY_SECURE_COOKIES": "true", "PATH": "/bin"})
    assert (read.port, read.secure_cookies) == (8123, True)


def test_what_is_set_to_nothing_keeps_its_default():
    assert settings.load({**LEAST, "ROOMTALLY_OTLP_ENDPOINT": ""}).otlp_endpoint is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("ROOMTALLY_PORT", "many"), ("ROOMTALLY_ANALYZER", "magic"), ("ROOMTALLY_PROT", "8000")],
)
def test_a_wrong_or_misspelt_variable_is_named(name: str, value: str):
    with pytest.raises(errors.Invalid, match=name):
        settings.load({**LEAST, name: value})


def test_a_missing_variable_is_named():
    with pytest.raises(errors.Invalid, match="ROOMTALLY_DATABASE_URL"):
        settings.load({})


def test_a_child_process_reads_the_same_settings():
    before = settings.load({**LEAST, "ROOMTALLY_SECURE_COOKIES": "false", "ROOMTALLY_LEASE_SECONDS": "2.5"})
    assert settings.load(settings.to_environ(before)) == before
