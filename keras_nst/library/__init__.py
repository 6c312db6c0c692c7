"""The Python interface: pictures and settings as Python values, results, step-by-step painting, building blocks."""
