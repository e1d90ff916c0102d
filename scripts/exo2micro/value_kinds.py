"""What values a parameter may have, and how they are written in a file's name.

A kind accepts what people type (a number, YAML's text ``1e-6``, a cell of a sample sheet) and gives
back one plain value. Each value has exactly one spelling, so that a file's name tells the value and
the value tells the file's name.
"""

import math
import numbers
from dataclasses import dataclass

# All positive numbers as C's %g writes them (6 significant digits), and 0.
_FIXED = [rf"[1-9]\d{{{n - 1}}}(?:\.\d{{0,{5 - n}}}[1-9])?" for n in range(1, 6)]
_SMALL = r"0\.0{0,3}[1-9](?:\d{0,4}[1-9])?"
_EXPONENT = r"[1-9](?:\.\d{0,4}[1-9])?e(?:\+(?:0[6-9]|[1-9]\d+)|-(?:0[5-9]|[1-9]\d+))"
NUMBER_PATTERN = f"(?:{'|'.join([_EXPONENT, _SMALL, *_FIXED])}|[1-9]\\d{{5}}|0)"
WHOLE_PATTERN = r"(?:[1-9]\d*|0)"
# What may not follow a number's last digit, so that 15 is not found in 15.5 but in 15.tiff.
NUMBER_END = r"(?!\d|\.\d|e)"

_TYPED_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


@dataclass(frozen=True)
class Number:
    """A number with up to 6 significant digits.

    Attributes
    ----------
    low, high : float
        Bounds, both allowed.
    above : float or None
        A bound that is itself not allowed, in place of `low`.
    unit : str
        Unit, for messages.
    """

    low: float = 0.0
    high: float = math.inf
    above: float | None = None
    unit: str = ""

    pattern = NUMBER_PATTERN + NUMBER_END
    spellings = ()
    noun = "a number"

    def accept(self, value):
        """Give the value as a float; a ValueError says what is wrong with it."""
        number = _number(value)
        if number is None or not math.isfinite(number):
            raise ValueError(f"expected {self.describe()}")
        too_low = number <= self.above if self.above is not None else number < self.low
        if too_low or number > self.high:
            raise ValueError(f"expected {self.describe()}")
        rounded = float(f"{number:g}")
        if rounded != number:
            raise ValueError(
                "it has more than 6 significant digits, which do not fit into a file's name; "
                f"write {rounded:g}"
            )
        return self._plain(rounded)

    def _plain(self, number):
        return number

    def text(self, value):
        """Spell the value."""
        return f"{value:g}"

    def typed(self, value):
        """Write the value as it stands in the configuration."""
        return self.text(value)

    def describe(self):
        """Say what is expected."""
        unit = f" {self.unit}" if self.unit else ""
        if self.above is not None:
            until = "" if math.isinf(self.high) else f", up to {self.high:g}"
            return f"{self.noun} above {self.above:g}{until}{unit}"
        if math.isinf(self.high):
            return f"{self.noun} from {self.low:g}{unit}"
        return f"{self.noun} from {self.low:g} to {self.high:g}{unit}"

    def schema(self):
        """Say what is expected, in the terms of JSON Schema."""
        limits = {"minimum": self.low} if self.above is None else {"exclusiveMinimum": self.above}
        if math.isfinite(self.high):
            limits["maximum"] = self.high
        return [
            {"type": self._json_type, **{key: _short(bound) for key, bound in limits.items()}},
            {"type": "string", "pattern": _TYPED_NUMBER},
        ]

    _json_type = "number"


@dataclass(frozen=True)
class Whole(Number):
    """A whole number."""

    pattern = WHOLE_PATTERN + NUMBER_END
    noun = "a whole number"
    _json_type = "integer"

    def accept(self, value):
        """Give the value as an int; a ValueError says what is wrong with it."""
        number = _number(value)
        if number is None or not math.isfinite(number) or number != int(number):
            raise ValueError(f"expected {self.describe()}")
        if not self.low <= number <= self.high:
            raise ValueError(f"expected {self.describe()}")
        return int(number)

    def text(self, value):
        """Spell the value."""
        return f"{value:d}"


@dataclass(frozen=True)
class Flag:
    """True or false, written 1 or 0."""

    pattern = "[01]"
    spellings = ("0", "1")

    def accept(self, value):
        """Give the value as a bool; a ValueError says what is wrong with it."""
        # Sample sheets and command lines hold words.
        words = {"true": True, "1": True, "false": False, "0": False}
        if isinstance(value, str) and value.strip().lower() in words:
            return words[value.strip().lower()]
        if (isinstance(value, numbers.Integral) or _is_boolean(value)) and value in (0, 1):
            return bool(value)
        raise ValueError(f"expected {self.describe()}")

    def text(self, value):
        """Spell the value."""
        return "1" if value else "0"

    def typed(self, value):
        """Write the value as it stands in the configuration."""
        return "true" if value else "false"

    def describe(self):
        """Say what is expected."""
        return "true or false (or 1 or 0)"

    def schema(self):
        """Say what is expected, in the terms of JSON Schema."""
        return [{"type": "boolean"}, {"enum": [0, 1, "true", "false", "0", "1"]}]


@dataclass(frozen=True)
class Choice:
    """One word of several.

    Attributes
    ----------
    words : tuple of str
        The words, lower case.
    spelled : tuple of (str, str)
        Words that are written otherwise in a file's name, and how.
    """

    words: tuple
    spelled: tuple = ()

    @property
    def spellings(self):
        """How the words are written in a file's name."""
        return tuple(self.text(word) for word in self.words)

    @property
    def pattern(self):
        """Spellings as a regular expression."""
        return f"(?:{'|'.join(self.spellings)})(?![a-z0-9])"

    def accept(self, value):
        """Give the value as one of the words; a ValueError says what is wrong with it."""
        # YAML reads the words true and false as what they mean.
        word = str(value).strip().lower()
        word = {text: meant for meant, text in self.spelled}.get(word, word)
        if word not in self.words:
            raise ValueError(f"expected {self.describe()}")
        return word

    def text(self, value):
        """Spell the value."""
        return dict(self.spelled).get(value, value)

    def typed(self, value):
        """Write the value as it stands in the configuration."""
        return value

    def describe(self):
        """Say what is expected."""
        return f"{', '.join(self.words[:-1])} or {self.words[-1]}"

    def schema(self):
        """Say what is expected, in the terms of JSON Schema."""
        meant = {"true": True, "false": False}
        return [{"enum": [*self.words, *(meant[w] for w in self.words if w in meant)]}]


def _number(value):
    """Give what was typed as a float, or None."""
    if _is_boolean(value) or not isinstance(value, numbers.Real | str):
        return None
    try:
        # float() takes 1_000 and nan; the one is a slip, the other is caught by the caller.
        return None if isinstance(value, str) and "_" in value else float(value)
    except (ValueError, OverflowError):
        return None


def _is_boolean(value):
    """Tell truth values, numpy's included, from the numbers 0 and 1."""
    return type(value).__name__ in ("bool", "bool_")


def _short(bound):
    """Write a bound without a needless fraction."""
    return int(bound) if bound == int(bound) else bound
