"""How much memory the process has taken, and how much there is."""

import re
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
MEMORY = Path("/proc/meminfo")
# The control group's limit and use as a container sees its own, versions 2 and 1.
CONTROL_GROUPS = [
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
]
UNKNOWN = 8e9  # bytes to assume where the system does not tell


def peak_memory_gb() -> float:
    """Returns the most memory this process has had resident so far, in GB; 0 where the system does not tell."""
    # On Linux, where getrusage begins with the peak of the process that started this one.
    if peak := _kilobytes("VmHWM", STATUS):
        return peak * 1024 / 1e9
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage / 1e9 if sys.platform == "darwin" else usage * 1024 / 1e9


def resident_memory() -> float:
    """Returns the bytes this process has resident now; 0 where the system does not tell."""
    return _kilobytes("VmRSS", STATUS) * 1024.0


def free_memory() -> float:
    """Returns the bytes this process may still take: what the system has free, or its control group allows."""
    available = _kilobytes("MemAvailable", MEMORY)
    free = [available * 1024] if available else []
    for limit, usage in CONTROL_GROUPS:
        if _text(limit).strip().isdigit() and _text(usage).strip().isdigit():
            free.append(int(_text(limit)) - int(_text(usage)))
    return float(min(free, default=UNKNOWN))


def _kilobytes(name: str, path: Path) -> int:
    """Returns an entry of one of the system's tables; 0 where there is none."""
    found = re.search(rf"^{name}:\s*(\d+) kB", _text(path), re.MULTILINE)
    return int(found[1]) if found else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf8")
    except OSError:
        return ""
