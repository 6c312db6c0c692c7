"""Kinds of values: how a setting is parsed from text, checked and shown."""

import difflib
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

LARGEST = 1e30  # float32 ends at 3e38, and numbers are multiplied
LARGEST_WHOLE = 2**31 - 1


class Kind(NamedTuple):
    """The kind of a setting's values: how they are parsed, checked and shown."""

    takes: str  # the placeholder in --help
    parse: Callable[[str], Any]
    check: Callable[[Any], None]
    show: Callable[[Any], str] = str
    typed: str = "str"  # the type hint for programs


def _number_kind(convert: type, takes: str, low: float, high: float, above: bool) -> Kind:
    what = "a number" if takes == "NUMBER" else "a whole number"
    limited = high < LARGEST_WHOLE  # larger limits are named only if they are crossed
    expected = f"Expected {what} {'above' if above else 'from' if limited else 'at least'} {low:g}"
    if limited:
        expected += f"{' and at most' if above else ' to'} {high:g}"

    def parse(text: str) -> Any:
        try:
            return convert(text)
        except ValueError:
            raise ValueError(f"{expected}.{_with_a_point(text)} Received: {text}") from None

    def check(value: Any) -> None:
        if not low <= value <= high or (above and value == low):  # nan is not within limits either
            crossed = f", and at most {high:.10g}" if value > high >= LARGEST_WHOLE else ""
            raise ValueError(f"{expected}{crossed}. Received: {value}")

    return Kind(takes, parse, check, shortest if takes == "NUMBER" else str, convert.__name__)


def _with_a_point(text: str) -> str:
    """Returns " Did you mean ...?" for a number with a decimal comma or in percent, or nothing."""
    plain = text.rstrip("% ").replace(",", ".")
    if plain == text or not re.fullmatch(r"\d+(\.\d*)?", plain):
        return ""
    meant = float(plain) / 100 if text.endswith("%") else float(plain)
    return f" Did you mean {meant:g}?"


def shortest(value: float) -> str:
    """Returns the number as text, with just enough digits to read the same number back."""
    short = f"{value:g}"
    return short if float(short) == value or value != value else repr(value)


def number(low: float = 0.0, high: float = LARGEST, above: bool = False) -> Kind:
    """Returns the kind of a number from `low` (or above it) to `high`."""
    return _number_kind(float, "NUMBER", low, high, above)


def integer(low: int = 0, high: int = LARGEST_WHOLE) -> Kind:
    """Returns the kind of a whole number from `low` to `high`."""
    return _number_kind(int, "N", low, high, above=False)


def choice(*names: str) -> Kind:
    """Returns the kind of one name out of several."""

    def check(value: str) -> None:
        if value not in names:
            raise ValueError(f"Expected one of {', '.join(names)}.{nearest(value, names)} Received: {value}")

    return Kind("|".join(names), str, check, typed=f"Literal[{json.dumps(names)[1:-1]}]")


def text(takes: str, check: Callable[[str], Any] = str) -> Kind:
    """Returns the kind of a text that `check` accepts."""
    return Kind(takes, str, lambda value: check(value) and None)


def automatic(kind: Kind) -> Kind:
    """Returns `kind` with the additional value "auto", which is None."""

    def check(value: Any) -> None:
        if value is not None:
            kind.check(value)

    return Kind(
        f"auto|{kind.takes}",
        lambda written: None if written == "auto" else kind.parse(written),
        check,
        lambda value: "auto" if value is None else kind.show(value),
        f'{kind.typed} | Literal["auto"] | None',
    )


def switch() -> Kind:
    """Returns the kind of a switch, true or false."""

    def parse(written: str) -> bool:
        if written.lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise ValueError(f"Expected true or false. Received: {written}")
        return written.lower() in ("true", "1", "yes")

    return Kind("true|false", parse, lambda value: None, lambda value: str(bool(value)).lower(), "bool")


def several(one: Kind, takes: str) -> Kind:
    """Returns the kind of a list of values separated by commas."""

    def parse(written: str) -> tuple[Any, ...]:
        return tuple(one.parse(part.strip()) for part in written.split(",") if part.strip())

    def check(values: Iterable[Any]) -> None:
        for value in values:
            one.check(value)

    def show(values: Iterable[Any]) -> str:
        return ",".join(one.show(value) for value in values)

    return Kind(takes, parse, check, show, f"{one.typed} | Sequence[{one.typed}]")


def nearest(name: str, names: Iterable[str]) -> str:
    """Returns " Did you mean ...?" with the names most similar to `name`, or nothing."""
    near = difflib.get_close_matches(name, list(names), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""
