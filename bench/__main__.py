"""`python -m bench ...`, from the checkout."""

from bench.commands import bench
from burnrate.console import run

if __name__ == "__main__":
    run(bench, "python -m bench")
