"""Set-up: from a bare machine with git, make and Python to one that runs Lakeward. Standard library only."""
