"""In what one run is another than the run in a folder."""

import pytest

from keras_nst.command.run_folder import Record, differences

EARLIER = Record(
    given={"style_weight": "auto", "scales": "auto", "seed": "0", "content_mask": "m.png"},
    resolved={"style_weight": "5.8", "scales": "auto", "seed": "0", "content_mask": "m.png"},
    inputs={},
    output="",
    machine={},
)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"style_weight": "3"}, ["--style_weight=3 (was 5.8)"]),  # what auto has become
        ({"style_weight": "5.8"}, []),
        ({"scales": "2"}, ["--scales=2 (was auto)"]),  # which stays open
        ({"seed": "5"}, ["--seed=5 (was 0)"]),
        ({"style_mask": "m.png"}, ["--style_mask=m.png (was not given)"]),
        ({"instant": "false"}, []),  # which the version of then did not know
        ({"instant": "true"}, ["--instant=true (was false)"]),
        ({"content_mask": ""}, ["--content_mask= (was m.png)"]),
    ],
)
def test_what_was_is_told_as_it_was(now: dict[str, str], told: list[str]) -> None:
    assert differences(EARLIER._replace(given=EARLIER.given | now), EARLIER) == told


def test_what_an_earlier_version_left_open_may_stay_open() -> None:
    """Its defaults are left to the program now; what it did not know is as it was without it."""
    woven = {"variation": "squared"}
    then = EARLIER._replace(given=EARLIER.given | woven, resolved=EARLIER.resolved | woven)
    now = then._replace(given=then.given | {"variation": "auto", "coarse_content": "1", "roughness_weight": "auto"})
    assert differences(now, then) == []
    free = now._replace(given=now.given | {"coarse_content": "0.5"})
    assert differences(free, then) == ["--coarse_content=0.5 (was 1)"]
    known = then._replace(resolved=then.resolved | {"coarse_content": "0.5", "roughness_weight": "0"})
    assert differences(known._replace(given=known.given | {"variation": "auto"}), known) == [
        "--variation=auto (was squared)"
    ]
