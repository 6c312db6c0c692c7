"""What programs are given: pictures and settings in Python's own values, results, steps to walk through, pieces."""
