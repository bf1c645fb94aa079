"""`make setup`. This file alone must still be readable to an older Python, to say that it is too old."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        "Lakeward needs Python 3.11 or newer; this is %d.%d.\n" % sys.version_info[:2]  # noqa: UP031
        + "Install one (macOS: `brew install python@3.12`; Debian, Ubuntu: `apt-get install python3`)"
        + " or name it: `make setup PYTHON=/path/to/python3`."
    )

from infra.setup.steps import main

sys.exit(main())
