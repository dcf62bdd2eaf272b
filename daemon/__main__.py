"""`python -m daemon` is `ordo`."""

from daemon.cli import main

main()
