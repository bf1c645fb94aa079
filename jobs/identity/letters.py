"""Letters of any script as plain lower case ones, so that one name written twice is one text."""

from __future__ import annotations

import re
import unicodedata

# Letters that Unicode does not take apart into a letter and a mark.
_LATIN = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ŋ": "n",
          "ħ": "h", "ŧ": "t", "ə": "a", "ĸ": "k"}  # fmt: skip
_CYRILLIC = {
    **dict(zip("абвгдеёзийклмнопрстуфыэ", "abvgdeeziiklmnoprstufye", strict=True)),
    **{"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"},
    **{
        "і": "i",
        "ї": "i",
        "є": "ye",
        "ґ": "g",
        "ў": "u",
        "ј": "j",
        "љ": "lj",
        "њ": "nj",
        "ћ": "c",
        "ђ": "d",
        "џ": "dz",
    },
}
_GREEK = {
    **dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True)),
    **{"θ": "th", "χ": "ch", "ψ": "ps"},
}
_DIGITS = re.compile(r"\d+")
_PLAIN = str.maketrans({**_LATIN, **_CYRILLIC, **_GREEK})
# Written inside a word and not between two.
_INNER = dict.fromkeys(map(ord, "'’‘`´ʼʹ\u02bb."), None)


def fold(text: str | None) -> str:
    """Lower case letters and digits with single blanks between words; accents, apostrophes and full stops are gone.

    Cyrillic and Greek are written in Latin letters; what has no table here (Han, Arabic) stays as it is.

    >>> fold("  Ångström-O’Brien, José "), fold("Щербаков"), fold("Γεωργίου"), fold("李 明")
    ('angstrom obrien jose', 'shcherbakov', 'georgioy', '李 明')
    """
    if not text:
        return ""
    if text.isascii() and text.isalnum():
        return text.lower()
    plain = text if text.isascii() else _without_marks(text)
    plain = plain.lower().translate(_INNER)
    return " ".join("".join(one if one.isalnum() else " " for one in plain).split())


def _without_marks(text: str) -> str:
    bare = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    return bare.translate(_PLAIN)


def name_key(word: str) -> str:
    """A folded word of a name as it is compared: no digits, and dotted vowels as bare as if never dotted.

    >>> name_key("mueller"), name_key("muller"), name_key("abe604")
    ('muller', 'muller', 'abe')
    """
    # Some systems add digits to a name; ue, oe and ae are how u, o and a with dots are written without them.
    return _DIGITS.sub("", word).replace("ue", "u").replace("oe", "o").replace("ae", "a")
