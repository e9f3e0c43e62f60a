"""Run `python -m cvkit`, which is the command `cvkit`."""

import sys

from cvkit.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
