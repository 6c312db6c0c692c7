"""How much memory the process has taken."""

import sys


def peak_memory_gb() -> float:
    """Returns the most memory this process has had resident so far, in GB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e9 if sys.platform == "darwin" else peak * 1024 / 1e9
