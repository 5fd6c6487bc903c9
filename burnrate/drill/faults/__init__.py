"""What can be broken, and how it is made right again whatever interrupts the drill."""

from burnrate.drill.faults.fault import Fault, Together
from burnrate.drill.faults.injections import Injections
from burnrate.drill.faults.interrupts import applied
from burnrate.drill.faults.repeated_requests import burnt_executor, held_pools, logged_errors
from burnrate.drill.faults.stopped_part import Parts, StoppedPart

__all__ = [
    "Fault",
    "Injections",
    "Parts",
    "StoppedPart",
    "Together",
    "applied",
    "burnt_executor",
    "held_pools",
    "logged_errors",
]
