"""What we know about people that no column type can say."""

from expectations.check import rows

BIRTH = "try_cast(concat(year_of_birth, '-', month_of_birth, '-', day_of_birth) as date)"

EXPECTATIONS = [
    # Systems that must have a birth date and do not know it write this one.
    rows(
        "default_birth",
        "year_of_birth",
        "year_of_birth = 1900 and coalesce(month_of_birth, 1) = 1 and coalesce(day_of_birth, 1) = 1",
        at_most=0.005,
        doc="born on the first of January 1900",
    ),
    rows("oldest", "year_of_birth", "year_of_birth < _next_year - 121", at_most=0.005, doc="at most 120 years old"),
    rows(
        "birth_agrees",
        "birth_datetime",
        f"abs(datediff(cast(birth_datetime as date), {BIRTH})) > 1",
        among="birth_datetime is not null and month_of_birth is not null and day_of_birth is not null",
        doc="the instant of birth is of the birth date",
    ),
]
