"""Note how long tests take, so that long files are begun first and -m "not slow" is quick.

    scripts/test --durations=0 > log.txt; python scripts/slow_tests.py log.txt

Writes tests/seconds.json: by file, the tests of a second or more, with what they need set up.
"""

import argparse
import json
import re
from collections import Counter
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "tests" / "seconds.json"
LINE = re.compile(r"([\d.]+)s (?:call|setup|teardown) +tests/(\w+\.py)::(.*?)\s*$")
LEAST = 1.0  # seconds


def main() -> None:
    """Reads what pytest told, and writes the file."""
    parser = argparse.ArgumentParser(description="Note how long tests take.")
    parser.add_argument(
        "logs", type=Path, nargs="+", help="what scripts/test --durations=0 printed; the last one counts"
    )
    taken: dict[tuple[str, str], float] = {}
    for log in parser.parse_args().logs:
        taken |= read(log)
    files: dict[str, dict[str, float]] = {}
    for (file, test), seconds in sorted(taken.items()):
        if seconds >= LEAST:
            files.setdefault(file, {})[test] = round(seconds, 1)
    FILE.write_text(json.dumps(files, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    print(f"{sum(taken.values()):.0f} s in all, {sum(map(len, files.values()))} tests of {LEAST:g} s or more: {FILE}")


def read(log: Path) -> Counter[tuple[str, str]]:
    """Returns the seconds of each test, by file and name."""
    taken: Counter[tuple[str, str]] = Counter()
    for line in log.read_text(encoding="utf8").splitlines():
        if found := LINE.match(line):
            taken[found[2], found[3]] += float(found[1])
    return taken


if __name__ == "__main__":
    main()
