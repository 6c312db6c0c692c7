"""Declares settings once, as the fields of a frozen dataclass, with default, kind and help."""

import contextlib
import dataclasses
import types
from collections.abc import Iterator, Mapping
from typing import Any, Self

from keras_nst.settings.kinds import Kind

_FIELDS: dict[type, Mapping[str, dataclasses.Field]] = {}  # by class: a batch asks for them a million times


class InputError(ValueError):
    """An input that cannot be used; the message of one line says what, why, and what is expected."""


class SettingError(InputError):
    """A setting has a value that it does not accept."""

    def __init__(self, name: str, value: Any, reason: str):
        super().__init__(f"--{name}{'' if value == '' else f'={value}'}: {reason}")


class UsageError(ValueError):
    """The command line itself is wrong."""


class Unexpected(Exception):
    """An internal error of the program; the log has the traceback."""


@contextlib.contextmanager
def about(name: str, value: Any) -> Iterator[None]:
    """Adds the name and the value of a setting to errors raised inside."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, OSError) as error:
        raise SettingError(name, value, reason_of(error)) from None


@contextlib.contextmanager
def about_file(file: str) -> Iterator[None]:
    """Adds the name of a file to errors raised inside."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, OSError) as error:
        raise InputError(f"{file}: {reason_of(error)}") from None


def reason_of(error: Exception) -> str:
    """Returns the readable message of an error."""
    return str(getattr(error, "strerror", None) or error)


def setting(default: Any, kind: Kind, group: str, explanation: str) -> Any:
    """Declares one field of a class of settings."""
    return dataclasses.field(default=default, metadata={"kind": kind, "group": group, "help": explanation})


def same(settings: "type[Settings]", name: str) -> Any:
    """Declares a field with the declaration of another class of settings."""
    field = fields(settings)[name]
    return dataclasses.field(default=field.default, metadata=field.metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The base class of every command's settings; each value is checked by its kind."""

    def __post_init__(self) -> None:
        for name, field in fields(type(self)).items():
            kind, value = field.metadata["kind"], getattr(self, name)
            try:
                kind.check(value)
            except ValueError as error:
                raise SettingError(name, kind.show(value), str(error)) from None

    def shown(self, name: str) -> str:
        """Returns the value of a setting as text for a flag file."""
        return fields(type(self))[name].metadata["kind"].show(getattr(self, name))

    def about(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Adds the name and the value of this setting to errors raised inside."""
        return about(name, self.shown(name))

    @classmethod
    def written(cls, **values: str) -> Self:
        """Returns the settings read from the text of their values."""
        return cls(**{name: read_setting(cls, name, value) for name, value in values.items()})


def fields(settings: type[Settings]) -> Mapping[str, dataclasses.Field]:
    """Returns the declarations of all settings by name: a class's own first, then inherited ones."""
    if settings not in _FIELDS:
        known = {field.name: field for field in dataclasses.fields(settings)}
        order = (name for each in settings.__mro__ for name in vars(each).get("__annotations__", {}))
        _FIELDS[settings] = types.MappingProxyType({name: known[name] for name in dict.fromkeys(order)})
    return _FIELDS[settings]


def read_setting(settings: type[Settings], name: str, written: str) -> Any:
    """Returns the value of a setting read from text, as in a flag or a flag file."""
    kind = fields(settings)[name].metadata["kind"]
    try:
        value = kind.parse(written)
        kind.check(value)
    except ValueError as error:
        raise SettingError(name, written, str(error)) from None
    return value
