"""What can be broken, and how it is made right again whatever interrupts the drill."""
