"""The house: a file imports only from rooms below it."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "keras_nst"

# From the ground up. A file may import from lower floors only; a module that stands nowhere fails.
FLOORS = [
    ["keras_nst", "keras_nst.kinds", "keras_nst.lines", "keras_nst.quiet", "keras_nst.atomic", "keras_nst.locks"],
    ["keras_nst.terms"],
    ["keras_nst.config"],
    ["keras_nst.settings", "keras_nst.workdir", "keras_nst.remarks", "keras_nst.core.pyramid", "keras_nst.core.events"],
    ["keras_nst.record", "keras_nst.runlog", "keras_nst.core.extremes", "keras_nst.core.oklab"],
    ["keras_nst.core.pooling", "keras_nst.core.convolution", "keras_nst.core.roots", "keras_nst.core.lbfgs"],
    ["keras_nst.core.stats", "keras_nst.core.variation", "keras_nst.core.features", "keras_nst.core.optimizers"],
    ["keras_nst.core.winograd", "keras_nst.core.distances", "keras_nst.core.tiling", "keras_nst.core.watch"],
    ["keras_nst.core.losses", "keras_nst.core.guides"],
    ["keras_nst.core.whole", "keras_nst.core.tiles", "keras_nst.core.chunk"],
    ["keras_nst.core.sight"],
    ["keras_nst.core.strength", "keras_nst.core.quality"],
    ["keras_nst.core.transfer", "keras_nst.core.words"],
    ["keras_nst.pictures.*", "keras_nst.system.*"],
    ["keras_nst.monitors.*", "keras_nst.scene"],
    ["keras_nst.flags", "keras_nst.inputs"],
    ["keras_nst.engine"],
    ["keras_nst.job", "keras_nst.arrays"],
    ["keras_nst.run", "keras_nst.evaluate", "keras_nst.__main__"],
]
SAME_FLOOR_ROOMS = ("keras_nst.pictures", "keras_nst.system", "keras_nst.monitors")
WITHOUT_TENSORFLOW = (
    *(
        "__init__",
        "__main__",
        "config",
        "terms",
        "kinds",
        "settings",
        "remarks",
        "workdir",
        "flags",
        "run",
        "inputs",
        "job",
        "engine",
        "arrays",
        "scene",
        "evaluate",
        "record",
        "runlog",
        "atomic",
        "locks",
    ),
    *("core.pyramid", "core.events", "core.words", "core.tiling", "core.extremes", "core.oklab"),
    *(
        "system.devices",
        "system.programs",
        "system.pace",
        "system.signals",
        "system.memory",
        "system.weights",
        "system.download",
    ),
    *("pictures.files", "pictures.metadata", "pictures.color", "pictures.download"),
    *("pictures.palette", "pictures.masks"),
)
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


def module_name(path: Path) -> str:
    return ".".join(("keras_nst", *path.relative_to(PACKAGE).with_suffix("").parts))


def floor(module: str) -> int:
    for number, names in enumerate(FLOORS):
        if module in names or module.rpartition(".")[0] + ".*" in names:
            return number
    raise LookupError(f"{module} stands on no floor")


def imports(path: Path, top_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf8"))
    found: set[str] = set()
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            files = {module_name(module) for module in MODULES}
            found |= (inside & files) or {node.module or "."}
    return found


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_go_down(path: Path) -> None:
    module = module_name(path)
    for imported in imports(path):
        if imported.startswith("keras_nst"):
            room = module.rpartition(".")[0]
            neighbors = room in SAME_FLOOR_ROOMS and imported.startswith(room)
            assert floor(imported) < floor(module) or neighbors, f"{module} imports {imported}"


@pytest.mark.parametrize("name", WITHOUT_TENSORFLOW)
def test_no_tensorflow_on_import(name: str) -> None:
    """These answer --help and bad input, before TensorFlow is imported."""
    path = PACKAGE.joinpath(*name.split(".")).with_suffix(".py")
    heavy = {"tensorflow", "keras", "keras_nst.core.transfer", "keras_nst.core.features", "keras_nst.core.quality"}
    assert not imports(path, top_only=True) & heavy


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").glob("*.py")), ids=lambda path: path.name)
def test_core_is_pure(path: Path) -> None:
    """No files, no flags, no prints, no clocks in the paper."""
    outside = {"os", "sys", "time", "datetime", "absl", "PIL", "logging", "threading", "tqdm", "subprocess"}
    assert not {name.partition(".")[0] for name in imports(path)} & outside
    calls = {
        getattr(node.func, "id", "") for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    }
    assert not calls & {"print", "open", "input"}
