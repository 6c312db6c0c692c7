"""What tests share: TensorFlow started as the doors start it, small pictures, a small run."""

import contextlib
import functools
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from keras_nst.pictures.files import save_picture
from keras_nst.system.devices import start_tensorflow
from keras_nst.system.memory import free_memory
from keras_nst.system.programs import gradients_forgotten
from keras_nst.system.weights import weights_path

if TYPE_CHECKING:
    from keras_nst.core.plan.events import LossValues
    from keras_nst.settings.config import Config

ROOT = Path(__file__).parent.parent
OURS = "KERAS_NST_TESTED_BY"  # in the environment of each process that tests start, or that those start
SECONDS: dict[str, dict[str, float]] = json.loads((ROOT / "tests" / "seconds.json").read_text(encoding="utf8"))
SLOW = 1.5  # seconds, as scripts/slow_tests.py has noted them with nothing else at work
KEPT = 2e9  # bytes of what a module's runs leave for each other
LINGERING = 20.0  # seconds in which processes that were told to end have to be gone


def pytest_configure() -> None:
    # xdist's workers share the cores.
    if os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    os.environ[OURS] = str(os.getpid())
    start_tensorflow(free_memory())


@pytest.hookimpl(tryfirst=True)  # before those that are slow are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is slow, and puts the files that take longest first: two workers end at the same time."""
    for item in items:
        if SECONDS.get(item.path.name, {}).get(item.nodeid.partition("::")[2], 0.0) >= SLOW:
            item.add_marker("slow")
    items.sort(key=lambda item: -sum(SECONDS.get(item.path.name, {}).values()))


def smooth_picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Returns a picture (h, w, 3) of soft random blobs."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC), np.float32) / 255


def write_picture(path: Path, height: int = 48, width: int = 64, seed: int = 0, **options: object) -> Path:
    """Writes a small picture and returns its path."""
    Image.fromarray(np.uint8(smooth_picture(height, width, seed) * 255)).save(path, **options)
    return path


def loss_values(
    content: np.ndarray, style: np.ndarray, variation: np.ndarray, total: np.ndarray, *layers: dict[str, np.ndarray]
) -> "LossValues":
    """Returns losses; layers are those of the content and of the style."""
    from keras_nst.core.plan.events import LossValues

    terms = {"content": content, "style": style, "variation": variation}
    return LossValues(total, terms, dict(zip(("content", "style"), layers, strict=False)))


def steps_of(folder: Path) -> list[int]:
    """Returns the steps in a run's curves."""
    return [step for step, loss in losses_of(folder) if not np.isnan(loss)]


def marks_of(folder: Path) -> list[int]:
    """Returns the steps with which scales begin, as a run's curves mark them."""
    return [step for step, loss in losses_of(folder) if np.isnan(loss)]


def losses_of(folder: Path) -> list[tuple[int, float]]:
    """Returns steps and losses as TensorBoard reads them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    return [(event.step, make_ndarray(event.tensor_proto).item()) for event in events.Tensors("loss")]


def processes_of_ours() -> dict[int, str]:
    """Returns the command lines, by number, of the processes that this one has started, or that those have."""
    mark, found = f"{OURS}={os.getpid()}".encode(), {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (path / "environ").read_bytes().split(b"\0"):
                found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return {number: command for number, command in found.items() if command and "resource_tracker" not in command}


@pytest.fixture(autouse=True, scope="module")
def no_process_outlives_its_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that leaks a process fails, and its module is named."""
    before = processes_of_ours()
    yield
    end = time.monotonic() + LINGERING
    while (left := processes_of_ours().keys() - before) and time.monotonic() < end:
        time.sleep(0.05)
    assert not left, f"{request.node.name} leaves {[processes_of_ours().get(number) for number in left]}"


@pytest.fixture(autouse=True, scope="session")
def random_networks_are_drawn_once() -> Iterator[None]:
    """Most tests take the same weights, which take a second to draw; networks take copies of them."""
    from keras_nst.core.network import features

    plain, known = features._network, functools.lru_cache(maxsize=4)(features._network)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "_network", lambda name, of: (known if isinstance(of, int) else plain)(name, of))
        yield


@pytest.fixture(autouse=True, scope="module")
def programs_are_kept() -> Iterator[dict[str, Callable]]:
    """A module's runs share their networks and what is compiled with them, as the pictures of one session do.

    Three quarters of a small run is TensorFlow reading Python. Afterwards all of it is let go, and memory stays flat.
    """
    from keras_nst.session.session import Session

    networks: dict[tuple[str, float], dict] = {}
    alone = {name: getattr(Session, name) for name in ("__init__", "__exit__")}

    def begin(session: Session, config: "Config", keep: float = 0.0) -> None:
        alone["__init__"](session, config, keep or KEPT)
        if session.crew.processes == 1:
            session.networks = networks.setdefault((session.device.name, session.keep), {})

    gc.freeze()  # so that garbage is looked for among the module's own objects only
    with gradients_forgotten(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "__init__", begin)
        patch.setattr(Session, "__exit__", lambda *session: None)
        yield alone
    networks.clear()
    gc.unfreeze()
    gc.collect()


@pytest.fixture(autouse=True)
def garbage_is_collected(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a painting test has traced holds feature maps in reference cycles."""
    yield
    if request.node.get_closest_marker("slow"):
        gc.collect()


@pytest.fixture
def nothing_is_kept(programs_are_kept: dict[str, Callable], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each session begins anew, as it does in a process of its own."""
    from keras_nst.session.session import Session

    for name, method in programs_are_kept.items():
        monkeypatch.setattr(Session, name, method)


@pytest.fixture
def named_files(tmp_path: Path) -> Path:
    """An empty folder but for small pictures of the names that the commands have, and a run in runs/FOLDER."""
    names = ("photo.jpg", "painting.jpg", "a.jpg", "b.jpg", "glass.png", "sky.png", "town.png", "parts.png")
    for seed, name in enumerate(names):
        write_picture(tmp_path / name, seed=seed)
    for name in ("sky.png", "town.png"):
        mask = np.zeros((48, 64), np.uint8)
        mask[:20] = 255
        Image.fromarray(mask).save(tmp_path / name)
    made_with = {"content": "photo.jpg", "style": "painting.jpg"}
    save_picture(tmp_path / "picture.png", smooth_picture(48, 64), settings=made_with)
    return tmp_path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A content and a style picture."""
    return write_picture(tmp_path / "town.png"), write_picture(tmp_path / "paint.jpg", 60, 50, seed=1)


@pytest.fixture
def quick(pair: tuple[Path, Path], tmp_path: Path) -> list[str]:
    """Flags of a run of a second, with random weights."""
    return [
        f"--content={pair[0]}",
        f"--style={pair[1]}",
        f"--workdir={tmp_path / 'run'}",
        "--weights=random",
        "--size=48",
        "--scales=2",
        "--steps=3,2",
        "--precision=float32",
        "--style_layers=block1_conv1,block2_conv1",
        "--content_layers=block2_conv2",
    ]


@pytest.fixture(scope="session")
def vgg19_weights() -> Path:
    """The ImageNet weights."""
    return weights_path("vgg19")


def run_process(
    *arguments: str, cwd: Path = ROOT, module: str = "keras_nst.run", **options
) -> subprocess.CompletedProcess:
    """Runs a door in a process of its own, as users do."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        env=environment | options.pop("env", {}),
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    """Three real nodes on this machine: the head, which has no room for work, and two with a core each."""
    pytest.importorskip("ray")
    os.environ["RAY_worker_niceness"] = "0"  # before its processes are started
    os.environ["PYTHONPATH"] = str(ROOT)
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        nodes.add_node(num_cpus=1)
    yield nodes
    nodes.shutdown()
