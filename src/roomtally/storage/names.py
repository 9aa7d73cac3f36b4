"""File names as people gave them, made harmless for a list, a header and a terminal."""

import unicodedata

LONGEST = 200  # characters
UNNAMED = "photo"

# Controls, surrogates, unassigned and private characters; line and paragraph separators. Format characters (Cf) go too,
# since they can turn the reading direction of a list around, but for the two joiners that Persian, Hindi and emoji need.
_DROPPED = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp", "Cf"})
_JOINERS = frozenset({"\u200c", "\u200d"})


def clean_filename(raw: str) -> str:
    """The last part of `raw` in NFC, any script, without controls, at most 200 characters; `photo` where nothing is left."""
    name = raw.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in unicodedata.normalize("NFC", name) if _is_kept(c))
    return _shorten(" ".join(kept.split()).strip(". ")) or UNNAMED


def _is_kept(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _DROPPED


def _shorten(name: str) -> str:
    """Cut the stem, not the ending, so that a long name still says what it is."""
    if len(name) <= LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        return name[:LONGEST].rstrip()
    return stem[: LONGEST - len(ending) - 1].rstrip() + dot + ending
