"""The pictures of a batch: combinations, tables, sweeps. All are checked before the first job."""

import csv
import itertools
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from keras_nst.batch.settings import FOLDER, BatchConfig, config_of_job
from keras_nst.pictures.files import check_output
from keras_nst.pictures.sources import sources
from keras_nst.session.scene import check_given
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError, SettingError, about, fields, read_setting, reason_of
from keras_nst.settings.flags import one_or_several
from keras_nst.settings.kinds import nearest
from keras_nst.settings.lines import Tell
from keras_nst.settings.text import OF_ONE_RUN
from keras_nst.settings.values import SEPARATOR, joined, parted

LONGEST_STEM = 60  # letters of an input's name in a result's name
UNSAFE = r"[^\w.,-]"  # in a file name
SEPARATORS = ",;\t"  # of columns
MOST_TOLD = 5  # wrong lines
RANGE = re.compile(r"(-?[\d.]+)-(-?[\d.]+) ?\[(\d+)\]")


class Item(NamedTuple):
    """One picture to make."""

    name: str  # of the result, without folder and suffix; unique
    content: str
    style: str
    own: dict[str, Any]  # settings that differ from the batch's
    output: str = ""  # its own path

    def config(self, batch: BatchConfig) -> Config:
        """Returns the settings of its run."""
        return config_of_job(batch, content=self.content, style=self.style, **self.own)


class Batch(NamedTuple):
    """A batch, checked."""

    config: BatchConfig
    folder: Path
    items: list[Item]


def prepare(config: BatchConfig, tell: Tell) -> Batch:
    """Checks all that can be checked before the first job.

    Raises:
        SettingError: a request that is not possible.
    """
    folder = Path(config.workdir or FOLDER).expanduser()
    if folder.exists() and not folder.is_dir():
        raise SettingError("workdir", config.workdir, "Expected a folder. Received: a file.")
    if config.output:
        raise SettingError("output", config.output, "Expected no --output: a batch names each of its pictures.")
    if config.strategy == "multi_worker":
        raise SettingError(
            "strategy", config.strategy, "Expected --engine=ray, which gives each machine its own pictures."
        )
    return Batch(config, folder, items(config))


def items(batch: BatchConfig) -> list[Item]:
    """Returns all pictures of the batch.

    Raises:
        InputError: a request that is not possible.
    """
    rows = list(rows_of_table(batch) if batch.pairs else rows_of_products(batch))
    swept = [dict(zip(values, chosen, strict=True)) for values in [sweeps(batch)] for chosen in product(values)]
    found = [row._replace(own=row.own | own) for row in rows for own in swept]
    outputs = [item.output for item in found if item.output]
    if twice := {output for output in outputs if outputs.count(output) > 1}:
        raise SettingError(
            "pairs", batch.pairs, f"Expected a different output for each picture. Received twice: {min(twice)}"
        )
    for item in found:
        check_given(item.config(batch), bool(item.content), bool(item.style))  # and that settings fit together
    return with_names(found)


def rows_of_products(batch: BatchConfig) -> Iterator[Item]:
    """Yields each combination of a content and a style."""
    contents = sources("contents", batch.contents) if batch.contents else [batch.content]
    if batch.styles or len(parted(batch.style)) == 1:
        given = ("styles", batch.styles) if batch.styles else ("style", batch.style)
        styles = [joined([style]) for style in sources(*given)]
    else:
        styles = [batch.style]  # several in one picture, or none
    for style, content in itertools.product(styles, contents):  # by style, whose measurements are cached
        yield Item("", content, style, {})


def rows_of_table(batch: BatchConfig) -> Iterator[Item]:
    """Yields the rows of --pairs."""
    known = {*fields(Config), "output"} - (set(OF_ONE_RUN) - {"output"})
    content = content_of_rows(batch)
    try:
        with Path(os.path.expanduser(batch.pairs)).open(encoding="utf-8-sig", newline="") as file:  # Excel's has a mark
            reader = csv.DictReader(file, delimiter=separator_of(file.readline()), strict=True)
            file.seek(0)
            columns = [column.strip() for column in reader.fieldnames or []]
            if unknown := [column for column in columns if column not in known]:
                hint = nearest(unknown[0], known)
                reason = f"line 1: Expected only the columns content, style, output and names of settings.{hint}"
                raise SettingError("pairs", batch.pairs, f"{reason} Received: {', '.join(unknown)}")
            reader.fieldnames = columns
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingError(
            "pairs", batch.pairs, f"Expected a table of comma-separated values. {reason_of(error)}."
        ) from None
    if not rows:
        raise SettingError("pairs", batch.pairs, "Expected a row for each picture, below the header.")
    wrong = []
    for line, row in rows:
        try:
            yield _row(batch, content, row)
        except InputError as error:
            wrong.append(f"line {line}: {error}")
    if wrong:
        more = f"; and {len(wrong) - MOST_TOLD} more lines" if len(wrong) > MOST_TOLD else ""
        raise SettingError("pairs", batch.pairs, "; ".join(wrong[:MOST_TOLD]) + more)


def separator_of(header: str) -> str:
    """Returns what separates the columns: spreadsheets write semicolons where a comma is part of a number."""
    return max(SEPARATORS, key=header.count)


def content_of_rows(batch: BatchConfig) -> str:
    """Returns the content of rows that name none."""
    contents = sources("contents", batch.contents)
    if batch.styles or len(contents) > 1:
        name = "styles" if batch.styles else "contents"
        reason = f"Expected no --{name} with --pairs={batch.pairs}, whose rows name them."
        raise SettingError(name, getattr(batch, name), reason)
    return contents[0] if contents else batch.content


def _row(batch: BatchConfig, content: str, row: Mapping[str, Any]) -> Item:
    if None in row or None in row.values():
        raise InputError("Expected as many values as columns")
    given = {name: value.strip() for name, value in row.items() if value.strip()}
    output = given.pop("output", "")
    own = {name: read_setting(Config, name, value) for name, value in given.items()}
    item = Item("", own.pop("content", content), one_or_several(own.pop("style", batch.style)), own, output)
    config = item.config(batch)
    if output:
        with about("output", output):
            check_output(os.path.expanduser(output), config.bit_depth, alpha=False)
    return item


# --- Sweeps ---


def sweeps(batch: BatchConfig) -> dict[str, list[Any]]:
    """Returns the values of each setting in the sweep."""
    found: dict[str, list[Any]] = {}
    for written in filter(None, map(str.strip, batch.sweep.split(SEPARATOR))):
        name, equals, values = written.partition("=")
        known = [field for field in fields(Config) if field not in OF_ONE_RUN]
        if not equals or name not in known:
            reason = f"Expected SETTING=VALUES with a setting of a run.{nearest(name, known)} Received: {written}"
            raise SettingError("sweep", written, reason)
        if name in found:
            raise SettingError("sweep", written, "Expected each setting once.")
        try:
            found[name] = [read_setting(Config, name, value) for value in values_of(values)]
        except InputError as error:
            raise SettingError("sweep", written, str(error)) from None
        if not found[name]:
            raise SettingError("sweep", written, "Expected at least one value.")
    return found


def values_of(written: str) -> list[str]:
    """Reads VALUES: separated by commas, or by semicolons, or first-last [count]."""
    if match := RANGE.fullmatch(written.strip()):
        try:
            first, last, count = float(match[1]), float(match[2]), int(match[3])
        except ValueError:
            raise InputError(f"Expected a range such as 0.2-0.8 [4]. Received: {written}") from None
        steps = max(1, count - 1)
        return [f"{first + (last - first) * step / steps:.6g}" for step in range(count)]
    return [value.strip() for value in written.split(";" if ";" in written else ",") if value.strip()]


def product(values: Mapping[str, list[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yields each combination of values."""
    return itertools.product(*values.values())


# --- Names ---


def with_names(found: list[Item]) -> list[Item]:
    """Returns the items with unique names of their results, made from what distinguishes them."""
    taken: dict[str, int] = {}
    named = []
    for item in found:
        name = "--".join(filter(None, [long_stem(item.content), long_stem(item.style), *labels(item)])) or "picture"
        taken[name] = taken.get(name, 0) + 1
        named.append(item._replace(name=name if taken[name] == 1 else f"{name}--{taken[name]}"))
    return named


def long_stem(source: str) -> str:
    """Returns a picture's name, as part of a result's name."""
    parts = [re.split(r"[/\\:]", part.partition("?")[0].rstrip("/"))[-1] for part in parted(source)]
    return re.sub(r"[^\w.-]", "_", "+".join(Path(part).stem for part in parts))[:LONGEST_STEM]


def labels(item: Item) -> list[str]:
    """Returns the item's own settings, each as part of a name."""
    return [f"{name}={re.sub(UNSAFE, '_', shown)}" for name, shown in shown_settings(item).items()]


def shown_settings(item: Item) -> dict[str, str]:
    """Returns the item's own settings, as in flag files."""
    kinds = {name: fields(Config)[name].metadata["kind"] for name in item.own}
    return {name: kinds[name].show(value) for name, value in item.own.items()}
