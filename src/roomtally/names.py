"""Names as people gave them, of files and of things, made harmless for a list, a header and a terminal."""

import re
import unicodedata

from roomtally import errors

LONGEST = 200  # characters of a file's name
UNNAMED = "photo"

# Controls, surrogates, unassigned and private characters; line and paragraph separators. Format characters (Cf) go too,
# since they can turn the reading direction of a list around, but for the two joiners that Persian, Hindi and emoji need.
_DROPPED = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp", "Cf"})
_JOINERS = frozenset({"\u200c", "\u200d"})
_NEW_EMOJI = "\U0001f000", "\U0001faff"  # telephones know those of this year, Python's tables do not

_JOINING_NOTHING = re.compile(
    "(?<!\\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\\S)"
)  # invisible, so two names would look alike
_JOINED_TWICE = re.compile("([\u200c\u200d])[\u200c\u200d]+")


def clean_name(raw: str, longest: int) -> str:
    """`raw` on one line, harmless. Raises errors.Invalid where nothing is left, or more than `longest` characters."""
    name = harmless(" ".join(raw.split()))
    if not name:
        raise errors.Invalid("empty-name", "Give it a name that can be seen.")
    if len(name) > longest:  # in NFC some characters are two
        raise errors.Invalid("invalid-request", f"A name may have {longest} characters at most.")
    return name


def clean_filename(raw: str) -> str:
    """The last part of `raw`, harmless, at most 200 characters; `photo` where nothing is left."""
    name = raw.replace("\\", "/").rsplit("/", 1)[-1]
    return _shorten(harmless(harmless(name).strip(". "))) or UNNAMED


def harmless(raw: str) -> str:
    """`raw` in NFC, any script, without controls and whatever else nobody sees, one space at a time."""
    kept = " ".join("".join(c for c in raw if _is_kept(c)).split())
    seen = _JOINED_TWICE.sub(r"\1", _JOINING_NOTHING.sub("", kept))
    return unicodedata.normalize("NFC", " ".join(seen.split()))


def _is_kept(character: str) -> bool:
    if character in _JOINERS or _NEW_EMOJI[0] <= character <= _NEW_EMOJI[1]:
        return True
    return unicodedata.category(character) not in _DROPPED


def _shorten(name: str) -> str:
    """Cut the stem, not the ending, so that a long name still says what it is."""
    if len(name) <= LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        return _cut(name, LONGEST)
    return _cut(stem, LONGEST - len(ending) - 1) + dot + ending


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip(" \u200c\u200d")
