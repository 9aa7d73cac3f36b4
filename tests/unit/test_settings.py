import pytest

from roomtally import errors, settings
from roomtally.accounts.service import passwords

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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_BATCH_PHOTOS", "201"),
        ("MAX_BATCH_PHOTOS", "0"),
        ("PORT", "0"),
        ("PRIVATE_PORT", "65536"),
        ("SWEEP_SECONDS", "0"),
        ("HEARTBEAT_SECONDS", "-1"),
        ("STREAM_MAX_SECONDS", "nan"),
        ("RELEASE_LONGEST_SECONDS", "inf"),
        ("PHOTO_TIMEOUT_SECONDS", "241"),
        ("LEASE_SECONDS", "101"),
        ("DRAIN_SECONDS", "-0.1"),
        ("PROCESS_STREAMS", "0"),
        ("DB_POOL_SIZE", "0"),
        ("ANALYZER_THREADS", "0"),
        ("ONNX_SCORE", "1.1"),
        ("USER_STREAMS", "-1"),
    ],
)
def test_a_number_out_of_range_is_refused_by_name(name: str, value: str):
    with pytest.raises(errors.Invalid, match=rf"ROOMTALLY_{name} must be a (whole )?number, \S+"):
        settings.load({**LEAST, f"ROOMTALLY_{name}": value})


def test_the_word_for_too_many_photos_says_how_many_there_may_be():
    """The database's own CHECK allows no more: every larger batch would be a 500."""
    with pytest.raises(errors.Invalid) as refused:
        settings.load({**LEAST, "ROOMTALLY_MAX_BATCH_PHOTOS": "500"})
    assert refused.value.detail == (
        "The environment cannot be used: ROOMTALLY_MAX_BATCH_PHOTOS must be a whole number, 200 at most."
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FOO", "1", "FOO is no setting; see docs/operations.md"),
        ("PORT", "many", "PORT must be a whole number"),
        ("SWEEP_SECONDS", "0", "SWEEP_SECONDS must be a number, more than 0"),
        ("SECURE_COOKIES", "perhaps", "SECURE_COOKIES must be true or false"),
        ("ANALYZER", "magic", "ANALYZER cannot be 'magic'"),
    ],
)
def test_what_is_wrong_is_said_without_types_and_signs(name: str, value: str, words: str):
    with pytest.raises(errors.Invalid) as refused:
        settings.load({**LEAST, f"ROOMTALLY_{name}": value})
    assert refused.value.detail == f"The environment cannot be used: ROOMTALLY_{words}."


@pytest.mark.parametrize(("less", "more", "otherwise"), settings.ORDER)
def test_numbers_that_contradict_each_other_are_refused(less: str, more: str, otherwise: str):
    least = getattr(settings.load(LEAST), less)
    with pytest.raises(errors.Invalid, match=otherwise) as refused:
        settings.load({**LEAST, f"ROOMTALLY_{more.upper()}": str(type(least)(least / 2))})
    assert f"ROOMTALLY_{less.upper()}" in refused.value.detail


def test_what_the_client_finds_in_the_environment_is_no_setting():
    assert settings.load({**LEAST, **dict.fromkeys(settings.OF_COMMANDS, "x")}) == settings.load(LEAST)


def test_a_missing_variable_is_named():
    with pytest.raises(errors.Invalid, match="ROOMTALLY_DATABASE_URL"):
        settings.load({})


def test_a_child_process_reads_the_same_settings():
    before = settings.load({**LEAST, "ROOMTALLY_SECURE_COOKIES": "false", "ROOMTALLY_LEASE_SECONDS": "2.5"})
    assert settings.load(settings.to_environ(before)) == before


def test_a_short_password_for_the_demo_is_refused_by_name_and_by_the_rule_for_all_passwords():
    with pytest.raises(errors.Invalid) as refused:
        settings.load({**LEAST, "ROOMTALLY_DEMO_PASSWORD": "x" * (passwords.SHORTEST - 1)})
    assert refused.value.detail == (
        f"The environment cannot be used: ROOMTALLY_DEMO_PASSWORD must have {passwords.SHORTEST} characters at least."
    )
    with pytest.raises(errors.Invalid, match=f"{passwords.LONGEST} characters at most"):
        settings.load({**LEAST, "ROOMTALLY_DEMO_PASSWORD": "x" * (passwords.LONGEST + 1)})
