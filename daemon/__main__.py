"""`python -m daemon` is `ordo`."""

from daemon.cli import main

if __name__ == "__main__":
    main()
