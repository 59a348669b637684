"""``python -m bioplastic.conformance.fuzz --rules 2000 --networks 300 --seed 0 --jobs 2``."""

from __future__ import annotations

import argparse

from bioplastic.conformance.fuzz.run import fuzz


def main() -> int:
    """Run the fuzzer; return 1 if it found a fault."""
    parser = argparse.ArgumentParser(
        prog="python -m bioplastic.conformance.fuzz",
        description="Compare random rules and networks on numpy, C++ and independent oracles.",
    )
    for name, default, text in (
        ("rules", 2000, "number of rules"),
        ("networks", 300, "number of networks"),
        ("seed", 0, "seed of everything"),
        ("jobs", 1, "processes"),
        ("first", 0, "number of the first rule and network"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{text} ({default})")
    parser.add_argument("--no-compiler", action="store_true", help="leave C++ out")
    parser.add_argument("--whole", action="store_true", help="do not make findings smaller")
    parser.add_argument("--verbose", action="store_true", help="list refusals too")
    given = parser.parse_args()
    report = fuzz(
        rules=given.rules, networks=given.networks, seed=given.seed, jobs=given.jobs,
        first=given.first, compiled=not given.no_compiler, small=not given.whole, progress=True,
    )  # fmt: skip
    if given.verbose:
        for case in report.cases:
            if case.status in ("refused", "unstable"):
                print(f"{case.what} {case.number} {case.status}: {case.detail}")
    print(report)
    return bool(report.findings)


if __name__ == "__main__":
    raise SystemExit(main())
