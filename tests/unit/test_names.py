import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomtally import errors
from roomtally.names import LONGEST, clean_filename, clean_name, harmless


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("salon.jpg", "salon.jpg"),
        ("../../etc/passwd", "passwd"),
        ("/absolute/salon.jpg", "salon.jpg"),
        ("C:\\photos\\salon.jpg", "salon.jpg"),
        ("mixed/..\\salon.jpg", "salon.jpg"),
        ("salon.jpg/", "photo"),
        ("..", "photo"),
        (" . ", "photo"),
        (".hidden.jpg", "hidden.jpg"),
        ("", "photo"),
        ("a\x00b\x1b[31m\r\n.jpg", "ab[31m.jpg"),
        ("two  spaces\tand tab.jpg", "two spacesand tab.jpg"),
        ("caf\u0065\u0301.jpg", "caf\u00e9.jpg"),
        ("客厅.jpg", "客厅.jpg"),
        ("гостиная.jpg", "гостиная.jpg"),
        ("می\u200cخواهم.jpg", "می\u200cخواهم.jpg"),
        ("👨\u200d👩\u200d👧.jpg", "👨\u200d👩\u200d👧.jpg"),
        ("new\U0001fae8.jpg", "new\U0001fae8.jpg"),
        ("salon\u200d.jpg", "salon\u200d.jpg"),
        ("\u200dsalon \u200cde bain\u200d", "salon de bain"),
        ("mi\u200c\u200d\u200cx.jpg", "mi\u200cx.jpg"),
        ("\u200d.jpg", "jpg"),
        ("e\u202e\u0301.jpg", "\u00e9.jpg"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("line\u2028break.jpg", "linebreak.jpg"),
        ("\ud800.jpg", "jpg"),
        ("x" * 250 + ".jpeg", "x" * 195 + ".jpeg"),
        ("x" * 250, "x" * 200),
        ("x" * 190 + "." + "y" * 50, ("x" * 190 + "." + "y" * 50)[:200]),
    ],
)
def test_a_name_keeps_its_script_and_loses_its_tricks(raw: str, kept: str):
    assert clean_filename(raw) == kept


@given(st.text(max_size=400))
def test_a_clean_name_is_harmless_and_stays_as_it_is(raw: str):
    name = clean_filename(raw)
    assert 1 <= len(name) <= LONGEST
    assert not {"/", "\\", "\0", "\n", "\r"} & set(name)
    assert name not in {".", ".."}
    assert name == unicodedata.normalize("NFC", name)
    assert clean_filename(name) == name
    name.encode()


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("Moving to Lyon", "Moving to Lyon"),
        ("  two\tlines\r\nof \u2028 text ", "two lines of text"),
        ("evil\u202eenoyL", "evilenoyL"),
        ("\u2066left\u2069 \u200eto\u200f \u061cright\ufeff", "left to right"),
        ("soft\u00adhyphen\u200b", "softhyphen"),
        ("a\x00b\x1b[31m\x9b", "ab[31m"),
        ("خانه\u200cی ما", "خانه\u200cی ما"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d❤\ufe0f\u200d👩", "👩\u200d❤\ufe0f\u200d👩"),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_the_name_of_a_thing_is_one_line_that_reads_as_it_is_written(raw: str, kept: str):
    assert clean_name(raw, 200) == kept


@pytest.mark.parametrize("raw", ["", " \t", "\u202e", "\u200d", "\u200b \u2028\ufeff", "\x00"])
def test_what_nobody_could_see_is_no_name(raw: str):
    with pytest.raises(errors.Invalid, match="empty-name"):
        clean_name(raw, 200)


def test_a_name_is_measured_as_it_is_kept():
    assert clean_name("x" * 200 + "\u200b" * 50, 200) == "x" * 200
    with pytest.raises(errors.Invalid, match="200 characters"):
        clean_name("\u0958" * 101, 200)  # two characters each in NFC


@given(st.text(max_size=200))
def test_what_is_harmless_stays_as_it_is(raw: str):
    text = harmless(raw)
    assert harmless(text) == text
    assert {unicodedata.category(c) for c in text} & {"Cc", "Cs", "Zl", "Zp"} == set()
    assert {c for c in text if unicodedata.category(c) == "Cf"} <= {"\u200c", "\u200d"}
