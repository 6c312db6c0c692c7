"""How settings are declared: once, as the fields of a frozen dataclass, with default, kind and help."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Self

from keras_nst.settings.kinds import Kind


class InputError(ValueError):
    """What somebody gave cannot be used: one line says what, why, and what would be right."""


class SettingError(InputError):
    """A setting has a value it cannot have."""

    def __init__(self, name: str, value: Any, reason: str):
        super().__init__(f"--{name}{'' if value == '' else f'={value}'}: {reason}")


class UsageError(ValueError):
    """The command line itself is wrong."""


class Unexpected(Exception):
    """What went wrong is a fault of the program; the log tells all that is known of it."""


@contextlib.contextmanager
def about(name: str, value: Any) -> Iterator[None]:
    """Gives complaints of what is done inside the name and the value of a setting."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, OSError) as error:
        raise SettingError(name, value, reason_of(error)) from None


@contextlib.contextmanager
def about_file(file: str) -> Iterator[None]:
    """Puts the name of a file in front of complaints of what is done inside."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, OSError) as error:
        raise InputError(f"{file}: {reason_of(error)}") from None


def reason_of(error: Exception) -> str:
    """Returns what an error says to people."""
    return str(getattr(error, "strerror", None) or error)


def setting(default: Any, kind: Kind, group: str, explanation: str) -> Any:
    """Declares one field of a class of settings."""
    return dataclasses.field(default=default, metadata={"kind": kind, "group": group, "help": explanation})


def same(settings: "type[Settings]", name: str) -> Any:
    """Declares a field as another class of settings has it."""
    field = fields(settings)[name]
    return dataclasses.field(default=field.default, metadata=field.metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What every command's settings have in common; each value is of its kind."""

    def __post_init__(self) -> None:
        for name, field in fields(type(self)).items():
            kind, value = field.metadata["kind"], getattr(self, name)
            try:
                kind.check(value)
            except ValueError as error:
                raise SettingError(name, kind.show(value), str(error)) from None

    def shown(self, name: str) -> str:
        """Returns the value of a setting as it is written in a flag file."""
        return fields(type(self))[name].metadata["kind"].show(getattr(self, name))

    def about(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Gives complaints of what is done inside the name and the value of this setting."""
        return about(name, self.shown(name))

    @classmethod
    def written(cls, **values: str) -> Self:
        """Returns the settings from values as a flag file has them."""
        return cls(**{name: read_setting(cls, name, value) for name, value in values.items()})


def fields(settings: type[Settings]) -> Mapping[str, dataclasses.Field]:
    """Returns the declarations of all settings by name: a class's own first, then those that it shares with others."""
    known = {field.name: field for field in dataclasses.fields(settings)}
    order = (name for each in settings.__mro__ for name in vars(each).get("__annotations__", {}))
    return {name: known[name] for name in dict.fromkeys(order)}


def read_setting(settings: type[Settings], name: str, written: str) -> Any:
    """Reads the value of a setting from text, as a flag or a flag file has it."""
    kind = fields(settings)[name].metadata["kind"]
    try:
        value = kind.parse(written)
        kind.check(value)
    except ValueError as error:
        raise SettingError(name, written, str(error)) from None
    return value
