"""Shell completion: the commands and their flags."""

from collections.abc import Iterable, Mapping

from keras_nst.command.command import Command
from keras_nst.settings.declared import fields

SHELLS = ("bash", "zsh", "fish")
BASH = """\
_keras_nst() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} flags
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ] && [[ $current != -* ]]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$current"))
        return
    fi
    [[ $current == -* ]] || return
    case ${{COMP_WORDS[1]}} in
{cases}
    esac
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
}}
complete -o default -o bashdefault -o nospace -F _keras_nst keras-nst
"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n" + BASH


def script(shell: str, commands: Mapping[str, Command]) -> str:
    """Returns the script for the shell: `eval "$(keras-nst completion bash)"`."""
    if shell == "fish":
        return "".join(fish(commands))
    cases = "".join(f'    {name}) flags="{" ".join(flags_of(command))}" ;;\n' for name, command in commands.items())
    cases += f'    *) flags="{" ".join(flags_of(commands["run"]))}" ;;'
    return (BASH if shell == "bash" else ZSH).format(commands=" ".join(commands), cases=cases)


def flags_of(command: Command) -> list[str]:
    """Returns the flags as they are typed, with "=" if a value follows."""
    own = [f"--{name}{'=' if takes else ''}" for name, (takes, _) in command.own_flags.items()]
    return [f"--{name}=" for name in fields(command.settings)] + own + ["--flagfile=", "--help"]


def fish(commands: Mapping[str, Command]) -> Iterable[str]:
    """Yields the lines for fish, which also shows descriptions."""
    first = "not __fish_seen_subcommand_from " + " ".join(commands)
    for name, command in commands.items():
        yield f"complete -c keras-nst -n {quoted(first)} -f -a {name} -d {quoted(command.about)}\n"
        here = quoted(f"__fish_seen_subcommand_from {name}")
        for flag, field in fields(command.settings).items():
            yield f"complete -c keras-nst -n {here} -l {flag} -r -d {quoted(field.metadata['help'].split('. ')[0])}\n"


def quoted(text: str) -> str:
    """Returns text quoted for fish."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
