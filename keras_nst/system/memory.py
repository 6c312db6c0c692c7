"""The memory that the process uses, and the memory that is free."""

import re
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
MEMORY = Path("/proc/meminfo")
# The control group's limit and usage as a container sees its own, versions 2 and 1.
CONTROL_GROUPS = [
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
]
UNKNOWN = 8e9  # bytes assumed if the system does not report any


def peak_memory_gb() -> float:
    """Returns the peak resident memory of this process in GB; 0 if the system does not report it."""
    # On Linux, where getrusage starts with the peak of the parent process.
    if peak := _kilobytes("VmHWM", STATUS):
        return peak * 1024 / 1e9
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage / 1e9 if sys.platform == "darwin" else usage * 1024 / 1e9


def resident_memory() -> float:
    """Returns the resident memory of this process in bytes; 0 if the system does not report it."""
    return _kilobytes("VmRSS", STATUS) * 1024.0


def free_memory() -> float:
    """Returns the bytes this process may still use: those free in the system, or left in its control group."""
    available = _kilobytes("MemAvailable", MEMORY)
    free = [available * 1024] if available else []
    for limit, usage in CONTROL_GROUPS:
        if _text(limit).strip().isdigit() and _text(usage).strip().isdigit():
            free.append(int(_text(limit)) - int(_text(usage)))
    return float(min(free, default=UNKNOWN))


def _kilobytes(name: str, path: Path) -> int:
    """Returns an entry of one of the system's tables; 0 if it is missing."""
    found = re.search(rf"^{name}:\s*(\d+) kB", _text(path), re.MULTILINE)
    return int(found[1]) if found else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf8")
    except OSError:
        return ""
