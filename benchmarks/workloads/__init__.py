"""Networks that several contenders simulate, one module each; every run prints one line of JSON."""
