"""`python -m customlabels`."""

import sys

from customlabels.cli import main

if __name__ == "__main__":
    sys.exit(main())
