"""The benchmarks: `make bench` or `python -m bench ...`, from the checkout; not in the wheel.

A room's `__init__` imports nothing here: a measured process must load only what is measured.
"""
