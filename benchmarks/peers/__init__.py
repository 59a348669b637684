"""One script per contender: ``--n N --images K --data DIR``, one JSON line on standard output."""
