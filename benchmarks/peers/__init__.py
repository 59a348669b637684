"""One script per contender: ``--n N --images K --data DIR`` and one JSON line on standard output."""
