"""How much memory the process has taken."""

import re
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_memory_gb() -> float:
    """Returns the most memory this process has had resident so far, in GB; 0 where the system does not tell."""
    # On Linux, where getrusage begins with the peak of the process that started this one.
    if STATUS.exists() and (peak := re.search(r"^VmHWM:\s*(\d+) kB", STATUS.read_text(), re.MULTILINE)):
        return int(peak[1]) * 1024 / 1e9
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage / 1e9 if sys.platform == "darwin" else usage * 1024 / 1e9
