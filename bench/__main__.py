"""Run the benches: ``python -m bench [PART ...] [--rounds N]``; ``--help`` names the parts."""

import argparse
import subprocess
import sys

from bench import (
    apprunner,
    build,
    classroom,
    eks,
    events,
    express,
    first,
    lists,
    policies,
    registry,
    scaling,
    service,
    start,
    steady,
    streaming,
    websockets,
)
from bench.report import Report

PARTS = {
    "start": start.run,
    "first": first.run,
    "classroom": classroom.run,
    "service": service.run,
    "apprunner": apprunner.run,
    "express": express.run,
    "steady": steady.run,
    "lists": lists.run,
    "registry": registry.run,
    "build": build.run,
    "websockets": websockets.run,
    "streaming": streaming.run,
    "scaling": scaling.run,
    "eks": eks.run,
    "policies": policies.run,
    "events": events.run,
}


def main() -> int:
    """Run what was asked for; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", default=[], help=f"of {', '.join([*PARTS, 'proxy'])}; default: all")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    wanted = options.parts or [*PARTS, "proxy"]
    report = Report()
    for part in wanted:
        if part in PARTS:
            PARTS[part](report, options.rounds)
    if "proxy" in wanted:
        report.section("Requests per second through the load balancer")
        sys.stdout.flush()
        if subprocess.run(
            [sys.executable, "-m", "bench.proxy", "--rounds", str(options.rounds)], check=False
        ).returncode:
            report.missed.append("requests per second")
    print(f"\n{'All goals reached.' if not report.missed else 'Missed: ' + '; '.join(report.missed)}")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
