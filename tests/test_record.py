"""In what one run is another than the run in a folder."""

import pytest

from keras_nst.runs.record import Record, differences

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
