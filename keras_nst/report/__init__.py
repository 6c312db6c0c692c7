"""The report of a run or a batch, one self-contained page."""
