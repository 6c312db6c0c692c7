"""Quality figures (metrics) of a result, which are not minimized."""
