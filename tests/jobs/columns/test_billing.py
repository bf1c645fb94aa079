"""What a claim is billed by: the examples of its columns."""

import doctest

from jobs.columns import billing


def test_the_examples_in_the_module_hold(spark):
    found = doctest.testmod(billing)
    assert (found.failed, found.attempted > 0) == (0, True)
