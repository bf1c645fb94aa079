"""`python -m infra.hospital.simulation`: the simulated hospital from the command line."""

from __future__ import annotations

import sys

from infra.hospital.simulation.command import main

sys.exit(main())
