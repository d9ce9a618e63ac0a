"""What people may write, by the rules of libs/contracts/src/text.ts.

PostgreSQL stores neither U+0000 nor half of a surrogate pair. JSON can hold both, as escapes, and Python keeps the
second in a `str`, so each text is checked before anything else looks at it. Lengths are code points, which is what
Python counts. Nothing is normalised; only the spaces around a text go.
"""

from __future__ import annotations

import re
import unicodedata

#: What JavaScript's `trim` removes. `str.strip()` without an argument also removes U+001C to U+001F and U+0085.
_spaces = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_surrogate = re.compile("[\ud800-\udfff]")
_control = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_line_break = re.compile("[\t\n\r\u2028\u2029]")
#: They can disguise a text (Unicode TR 36); the direction marks that Arabic and Hebrew need stay allowed.
_reordering = re.compile("[\u202a-\u202e\u2066-\u2069]")
#: Default_Ignorable_Code_Point, which `unicodedata` does not know.
_ignorable = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def _characters(count: int) -> str:
    return f"{count} {'character' if count == 1 else 'characters'}"


def is_storable(value: str) -> bool:
    return "\0" not in value and not _surrogate.search(value)


def _is_visible(character: str) -> bool:
    category = unicodedata.category(character)
    return not (category.startswith("Z") or category in ("Cc", "Cf") or _ignorable.match(character))


def problems_of_paragraph(value: str, longest: int) -> list[str]:
    """What is wrong with a trimmed text. :param longest: code points."""
    if not is_storable(value):
        return ["must not contain U+0000 or half of a surrogate pair"]
    if len(value) > longest:
        return [f"expected at most {_characters(longest)}"]
    found = [] if value else [f"expected at least {_characters(1)}"]
    if _control.search(value):
        found.append("must not contain control characters")
    if _reordering.search(value):
        found.append("must not contain characters that change the direction of the text")
    if value and not any(_is_visible(character) for character in value):
        found.append("must contain a visible character")
    return found


def problems_of_line(value: str, longest: int) -> list[str]:
    """The same for a name or a title: one line."""
    found = problems_of_paragraph(value, longest)
    return [*found, "must be a single line"] if is_storable(value) and _line_break.search(value) else found


def trimmed(value: str) -> str:
    return value.strip(_spaces)
