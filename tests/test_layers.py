"""The house: a file imports only from its own room and from rooms below."""

import ast
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

from keras_nst.command.commands import COMMANDS, named

PACKAGE = Path(__file__).parent.parent / "keras_nst"

# From the ground up. A room may import from lower floors only, and its files from each other, but not in circles.
FLOORS = [
    ["settings", "system"],  # every setting, facts of the networks; files, time, memory, devices
    ["core", "core/plan"],  # what is decided before the first step
    ["core/network", "core/objective"],  # from pictures to features; what is minimized
    ["core/seeing", "core/judging"],  # a picture whole, or in tiles; how good it is
    ["core/descent"],  # what moves it
    ["pictures"],  # files of pictures
    ["command", "networks"],  # what the commands share, and leave on disk; networks that paint
    ["command/workers", "command/monitors", "session"],  # who does the work; who looks on; what makes pictures
    ["report"],  # what a folder tells, on a page
    ["apply", "explore", "library", "run", "sound", "train", "volume"],  # commands, and the program's face to programs
    ["batch", "video"],  # many runs; frame after frame
    ["studio"],  # the same in the browser
    [""],  # commands of one file
]
# These answer --help and bad input, before TensorFlow is imported.
WITHOUT_TENSORFLOW = ["settings", "system", "core/plan", "pictures", "command", "session", "report", "run"]
WITHOUT_TENSORFLOW += ["apply", "batch", "studio", "command/workers", ""]
WITHOUT_TENSORFLOW += [
    f"keras_nst.{command}.{file}"
    for command in ("explore", "train", "video", "volume", "sound")
    for file in ("__main__", "settings", "drive")
]
TENSORS = {"tensorflow", "keras"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name not in ("samples",))


def module_name(path: Path) -> str:
    parts = ("keras_nst", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


NAMES = {module_name(path): path for path in MODULES}


def room(module: str) -> str:
    """Returns the folder of a module; that of the doors is ""."""
    return "/".join(NAMES[module].relative_to(PACKAGE).parts[:-1])


def floor(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def imports(path: Path, top_only: bool = False) -> set[str]:
    """Returns the modules that a file imports, those of ours by their files; also inside functions, unless told."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    found: set[str] = set()
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inside & set(NAMES)) or {node.module or "."}
    return found


def ours(path: Path, top_only: bool = False) -> set[str]:
    return {name for name in imports(path, top_only) if name in NAMES and name != "keras_nst"}


@pytest.mark.parametrize("module", [name for name in NAMES if name != "keras_nst"])
def test_imports_go_down(module: str) -> None:
    here = room(module)
    for imported in ours(NAMES[module]):
        there = room(imported)
        assert there == here or floor(there) < floor(here), f"{module} imports {imported}"


def test_no_circles_within_a_room() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module not in done:
            for imported in ours(NAMES[module], top_only=True):
                visit(imported, (*path, module))
            done.add(module)

    for module in NAMES:
        visit(module, ())


def brings_tensors(module: str) -> bool:
    """Tells whether importing the module imports TensorFlow."""
    seen, ahead = set(), [module]
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        found = imports(NAMES[name], top_only=True)
        if {each.partition(".")[0] for each in found} & TENSORS:
            return True
        ahead += [each for each in found if each in NAMES]
    return False


@pytest.mark.parametrize("module", [name for name in NAMES if {name, room(name)} & set(WITHOUT_TENSORFLOW)])
def test_no_tensorflow_on_import(module: str) -> None:
    assert not brings_tensors(module)


def test_tensors_are_found_where_they_are() -> None:
    assert brings_tensors("keras_nst.core.descent.transfer")


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").rglob("*.py")), ids=lambda path: path.name)
def test_core_is_pure(path: Path) -> None:
    """No files, no flags, no prints, no clocks, no settings in the paper; what is kept is locked, no more."""
    outside = {"os", "sys", "time", "datetime", "absl", "PIL", "logging", "threading", "tqdm", "subprocess"}
    outside -= {"threading"} if path.name == "network.py" else set()
    found = imports(path)
    assert not {name.partition(".")[0] for name in found} & outside
    assert not {name for name in found if name.startswith("keras_nst.settings") and not name.endswith(".networks")}
    calls = {
        getattr(node.func, "id", "") for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    }
    assert not calls & {"print", "open", "input"}


def functions() -> list[tuple[str, ast.FunctionDef]]:
    return [
        (f"{name}.{node.name}", node)
        for name, path in NAMES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8")))
        if isinstance(node, ast.FunctionDef)
    ]


def test_functions_are_short_and_take_little() -> None:
    """At most 40 lines, and 6 parameters besides self."""
    for name, node in functions():
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        count = len([each for each in given if each.arg not in ("self", "cls")])
        lines = (node.end_lineno or 0) - node.lineno + 1
        assert lines <= 40, f"{name} has {lines} lines"
        assert count <= 6, f"{name} takes {count} parameters"


def test_files_are_one_idea() -> None:
    for name, path in NAMES.items():
        lines = len(path.read_text(encoding="utf8").splitlines())
        declared = name == "keras_nst.settings.config"  # a list of all settings
        assert declared or lines <= 320, f"{name} has {lines} lines"


# --- Commands ---

ROOMS = sorted({room(module) for module in NAMES} & set(COMMANDS))
USED = {"batch": {"report", "run"}, "explore": {"report"}, "run": {"report"}, "studio": {"run", "video"}}


@pytest.mark.parametrize("name", ROOMS)
def test_a_command_uses_no_other(name: str) -> None:
    """But for those that make many of what another makes, and for the report."""
    imported = {room(each) for module, path in NAMES.items() if room(module) == name for each in ours(path)}
    assert imported & set(ROOMS) - {name} == USED.get(name, set())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_made_like_the_others(name: str) -> None:
    """It has what `Command` says that it has."""
    command = named(name)
    if command.home:
        assert list(signature(import_module(command.home).work).parameters) == ["argv"]
        return
    prepare, drive = (getattr(import_module(f"keras_nst.{name}.{part}"), part) for part in ("prepare", "drive"))
    assert list(signature(prepare).parameters)[1:] == ["tell"]
    assert list(signature(drive).parameters)[1:] == ["stop", "tell"]


def test_settings_of_a_run_are_put_together_once() -> None:
    """By what prepares a command: its request carries them."""
    found = {name for name, path in NAMES.items() if "settings.config()" in path.read_text(encoding="utf8")}
    assert found == {f"keras_nst.{command}.prepare" for command in ("train", "video", "volume")}
