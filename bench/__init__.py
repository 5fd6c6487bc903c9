"""The benchmarks: `make bench` or `python -m bench ...`, from the checkout; not in the wheel."""
