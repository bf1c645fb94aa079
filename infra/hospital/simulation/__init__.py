"""The simulated hospital: what one population's people make a real site send, day by day, and the truth about it."""

from __future__ import annotations

from infra.hospital.simulation.simulate import Summary, simulate

__all__ = ["Summary", "simulate"]
