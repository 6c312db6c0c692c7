"""Kinds of values: what they take, refuse and show."""

import pytest

from keras_nst.settings import kinds


@pytest.mark.parametrize("written", ["nan", "inf", "-inf", "-1", "1e999", "one"])
def test_numbers_are_finite_and_within_limits(written: str) -> None:
    kind = kinds.number()
    with pytest.raises(ValueError, match="Expected a number at least 0.*. Received: "):
        kind.check(kind.parse(written))


@pytest.mark.parametrize("value", [0.0, 1.5])
def test_limits_may_be_open_and_closed(value: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1. Received: "):
        kinds.number(0, 1, above=True).check(value)
    kinds.number(0, 1, above=True).check(1.0)


@pytest.mark.parametrize("written", ["1.5", "two", ""])
def test_whole_numbers(written: str) -> None:
    with pytest.raises(ValueError, match="Expected a whole number at least 0. Received: "):
        kinds.integer().parse(written)


@pytest.mark.parametrize(
    ("written", "meant"), [("0,5", "0.5"), ("50%", "0.5"), ("50 %", "0.5"), ("12,5%", "0.125"), ("1,5", "1.5")]
)
def test_numbers_as_people_write_them_are_recognized(written: str, meant: str) -> None:
    with pytest.raises(
        ValueError, match=f"^Expected a number from 0 to 2. Did you mean {meant}\\? Received: {written}$"
    ):
        kinds.number(0, 2).parse(written)


@pytest.mark.parametrize("written", ["half", "1,2,3", "%", ""])
def test_what_is_no_number_is_not_taken_for_one(written: str) -> None:
    with pytest.raises(ValueError, match="^Expected a number at least 0. Received"):
        kinds.number().parse(written)


def test_a_choice_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean average"):
        kinds.choice("max", "average").check("avrage")


def test_automatic() -> None:
    kind = kinds.automatic(kinds.integer(1))
    assert kind.parse("auto") is None and kind.parse("3") == 3
    assert kind.show(None) == "auto" and kind.show(3) == "3"
    with pytest.raises(ValueError, match="at least 1"):
        kind.check(0)


def test_lists() -> None:
    kind = kinds.several(kinds.integer(), "N,...")
    assert kind.parse("3, 2,1") == (3, 2, 1) and kind.show((3, 2, 1)) == "3,2,1"
    with pytest.raises(ValueError, match="Received: -2"):
        kind.check((3, -2))


def test_switch() -> None:
    assert [kinds.switch().parse(word) for word in ("true", "1", "False", "no")] == [True, True, False, False]
    with pytest.raises(ValueError, match="Expected true or false"):
        kinds.switch().parse("maybe")


def test_nearest() -> None:
    assert kinds.nearest("block4_con2", ["block4_conv2", "pool"]) == " Did you mean block4_conv2?"
    assert kinds.nearest("xyz", ["block4_conv2"]) == ""
