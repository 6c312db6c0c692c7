"""Our step as it is given to a machine without TensorFlow: what is told of the programs is what they take."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import benchmark_gpu
import lower_step
import numpy as np
import pytest
from conftest import ROOT
from lowered import Folder
from problem import PLAIN
from steps import CONSTANTS

from keras_nst.core.plan.pyramid import Size
from keras_nst.session.session import load_features
from keras_nst.settings.config import Config


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a small size."""
    out = tmp_path_factory.mktemp("programs")
    lower_step.main([str(out), "--sizes=48x32", "--precisions=bfloat16", "--weights=random"])
    return out


@pytest.mark.parametrize("objective", ["plain", "default"])
def test_arguments(folder: Path, objective: str) -> None:
    """As many as the text has, of the same shapes; every part of the aim once, and the two pictures."""
    told = Folder(folder).program(objective=objective, precision="bfloat16", height=32, width=48)
    for kind in ("aim", "step"):
        text = Folder(folder).text(told[kind]["file"], exact=False)
        head = next(line for line in text.splitlines() if " @main(" in line)
        taken = re.findall(r"%arg\d+: tensor<(\S+?)>", head)
        assert [of.split("x")[:-1] for of in taken] == [list(map(str, of["shape"])) for of in told[kind]["arguments"]]
    assert [of["is"] for of in told["aim"]["arguments"][:2]] == ["content", "style"]
    known = told["step"]["arguments"]
    leaves = [of["leaf"] for of in known if of["is"] == "aim"]
    assert known[0]["is"] == "count" and leaves == list(range(len(leaves))) and len(leaves) > 20
    assert {of["is"] for of in known[len(leaves) + 1 :]} == {"first", "value", "kernel", "bias", "turned kernel"}
    assert {tuple(of["shape"]) for of in known if of["is"] == "first"} == {(1, 32, 48, 3)}


def test_what_a_step_tells(folder: Path) -> None:
    """The first loss of a chunk and the steps taken are found among the outputs."""
    for told in Folder(folder).programs:
        text = Folder(folder).text(told["step"]["file"], exact=False)
        outputs = lower_step.signature(text)[1]
        assert outputs[told["step"]["taken"]] == ("int32", [])
        assert outputs[told["step"]["losses"]] == ("float32", [told["step"]["longest"], 1])


def test_exact_products_and_arguments_kept(folder: Path) -> None:
    known = Folder(folder)
    file = known.programs[0]["step"]["file"]
    plain, exact = (known.text(file, exact) for exact in (False, True))
    assert "HIGHEST" not in plain and plain.count("DEFAULT") == exact.count("HIGHEST") > 0
    assert "DEFAULT" not in exact and "may_alias" not in plain


def test_a_gpu_s_client_takes_the_text(folder: Path) -> None:
    """Which is StableHLO alone: TensorFlow's copies of what a step leaves as it was are not."""
    for told in Folder(folder).programs:
        text = Folder(folder).text(told["step"]["file"], exact=False)
        assert "= stablehlo." in text and "= mhlo." not in text


def test_weights_and_constants(folder: Path) -> None:
    known = Folder(folder)
    config = Config(weights="random", precision="float32", **PLAIN).resolved()
    for layer in load_features(config, None).layers:
        for ours, of in zip(known.kernels.get(layer.name, ()), layer.get_weights(), strict=True):
            np.testing.assert_allclose(ours, of, rtol=1e-3, atol=1e-6)
    assert len(known.kernels) == 13
    np.testing.assert_equal(list(known.constants), [list(CONSTANTS.means), CONSTANTS.faintest, CONSTANTS.flattest])


def test_what_was_begun() -> None:
    assert lower_step.begun(np.full((2, 3), 0.5)) == {"is": "value", "value": 0.5}
    size = Size(8, 8)
    assert lower_step.begun(lower_step.beginning(size)[1].numpy()) == {"is": "first"}
    with pytest.raises(ValueError, match="Received"):
        lower_step.begun(np.arange(12.0).reshape(1, 2, 2, 3))


# --- Rows ---


def row(variant: str, precision: str, *seconds: float, **told: Any) -> dict[str, Any]:
    return {"objective": "plain", "variant": variant, "precision": precision, "seconds": list(seconds), **told}


def test_ratios_and_what_failed() -> None:
    rows = benchmark_gpu.compared(
        [
            row("ours", "tf32", 1.0, 3.0),
            row("PyTorch, channels first", "float32", 8.0),
            row("PyTorch, channels last", "float32", 5.0),
            row("PyTorch, channels last", "tf32", 4.0),
            row("PyTorch, channels first", "tf32", note="out of memory"),
        ]
    )
    assert (rows[0]["to_float32"], rows[0]["to_same"], rows[-1]["to_same"]) == (0.4, 0.5, None)
    assert benchmark_gpu.COLUMNS["note"](rows[-1]) == "out of memory"


def test_first_losses_are_compared() -> None:
    rows = [row("ours", "float32", first_loss=1.0), row("a", "float32", first_loss=1.001)]
    rows += [row("b", "tf32", first_loss=1.001), row("c", "bfloat16", first_loss=float("nan"))]
    benchmark_gpu.check_same(rows)
    assert ["note" in of for of in rows] == [False, True, False, True]


def test_one_that_fails_does_not_stop_the_others() -> None:
    def fail() -> None:
        raise RuntimeError("out of memory\nand more")

    failed, late, done = row("a", "tf32"), row("b", "tf32"), row("c", "tf32")
    benchmark_gpu.attempt(failed, float("inf"), fail)
    benchmark_gpu.attempt(late, 0.0, fail)
    benchmark_gpu.attempt(done, float("inf"), lambda: done["seconds"].append(1.0))
    notes = [of.get("note") for of in (failed, late, done)]
    assert notes == ["RuntimeError: out of memory", "left out for want of time", None] and done["seconds"] == [1.0]


def test_needs_no_tensorflow() -> None:
    code = "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None; import benchmark_gpu"
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}"}
    subprocess.run([sys.executable, "-c", code], env=paths, check=True)
