"""What is compared of a record: names, dates, addresses and numbers as keys, and nothing that is a placeholder."""

import datetime

import pytest

from jobs.identity.addresses import addresses
from jobs.identity.births import birth
from jobs.identity.check_digits import luhn, nhs, ssn
from jobs.identity.identifiers import identifiers
from jobs.identity.letters import fold
from jobs.identity.names import names
from jobs.identity.normalised import normalise
from jobs.identity.placeholders import is_newborn, is_no_name
from jobs.identity.telecoms import mail, phone


def called(given, family, **more):
    return names([{"use": "official", "given": given.split(), "family": family, **more}])


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Ångström", "angstrom"),
        ("Straße", "strasse"),
        ("Łukasz", "lukasz"),
        ("Þór", "thor"),
        ("Щербаков", "shcherbakov"),
        ("Γιώργος", "giorgos"),
        ("O’Neil", "oneil"),
        ("d'Arc-Smith", "darc smith"),
        ("ﬁeld", "field"),
        ("李 明", "李 明"),
    ],
)
def test_letters_of_any_script_become_plain_ones(written, plain):
    assert fold(written) == plain


def test_a_double_barrelled_surname_is_known_by_each_of_its_parts():
    assert called("Ana", "García López").surnames == ("garcia", "garcialopez", "lopez")


def test_a_particle_alone_is_no_surname():
    found = called("Vincent", "van der Berg")
    assert (found.surname, found.surnames) == ("vanderberg", ("berg", "vanderberg"))


def test_the_maiden_name_is_known_but_is_not_the_name_in_use():
    found = names(
        [
            {"use": "maiden", "given": ["Eva"], "family": "Stein"},
            {"use": "official", "given": ["Eva"], "family": "Roth"},
        ]
    )
    assert (found.surname, found.surnames) == ("roth", ("roth", "stein"))


def test_a_name_in_one_text_is_taken_apart():
    assert names([{"text": "SMITH, JOHN Q"}])[:2] == ("john", "smith")
    assert names([{"text": "Mrs Jane Smith"}])[:2] == ("jane", "smith")


def test_junior_is_a_generation_and_not_a_name():
    assert (called("John", "Smith Jr").surname, called("John", "Smith Jr").generation) == ("smith", "2")
    assert called("John", "Smith", suffix=["III"]).generation == "3"
    assert called("John I", "Smith").generation is None


@pytest.mark.parametrize(
    "given", ["BABY BOY", "BABY GIRL A", "Babyboy", "BB", "Newborn", "Girl of Jane", "TWIN A", "Infant female"]
)
def test_a_child_without_a_name_has_none(given):
    found = called(given, "Smith")
    assert (found.given, found.givens, found.is_newborn, found.surname) == (None, (), True, "smith")


@pytest.mark.parametrize("given", ["Abby", "Boyd", "Bobby", "Barbara", "Babette"])
def test_names_that_look_like_a_newborns_are_names(given):
    assert not is_newborn(fold(given)) and not is_no_name(fold(given))


def test_john_doe_is_nobody():
    assert called("John", "Doe")[:2] == (None, None)
    assert called("Alice", "Doe").surname is not None


@pytest.mark.parametrize("day", ["1900-01-01", "1901-01-01", "1899-12-30", "9999-12-31", "1753-01-01"])
def test_a_date_that_stands_for_nothing_is_no_birth_date(day):
    assert birth(datetime.date.fromisoformat(day)).day is None


def test_day_and_month_have_a_second_reading_where_that_is_a_date():
    assert birth(datetime.date(1980, 3, 9)).swapped == "19800903"
    assert birth(datetime.date(1980, 3, 19)).swapped is None
    assert birth(datetime.date(1980, 3, 3)).swapped is None


def test_a_malformed_birth_date_keeps_its_digits_for_comparison():
    assert birth(None, "1970-02-31")[:2] == ("19700231", None)
    assert birth(None, "1970")[:2] == (None, None)


def test_a_street_is_found_behind_the_flat():
    [found] = addresses([{"lines": ["Flat 3", "12 Callabonna St"], "city": "St. Kilda", "postal_code": "3182"}])
    assert found == ("12", "callabonna street", "unit 3", "st kilda", None, "3182")
    assert found.place == "12 callabonna street 3182"


def test_the_homeless_share_no_home():
    [found] = addresses([{"lines": ["NO FIXED ABODE"], "city": "Boston", "postal_code": "00000"}])
    assert (found.street, found.postcode, found.place) == (None, None, None)


@pytest.mark.parametrize(
    "number", ["000-000-0000", "999 999 9999", "(617) 555-5555", "1234567890", "0", "123", "none", "0000000000 x1"]
)
def test_a_telephone_that_nobody_answers_is_none(number):
    assert phone(number) is None


def test_a_telephone_is_the_same_with_and_without_its_country():
    assert {phone("(617) 555-0100"), phone("+1 617 555 0100"), phone("16175550100 ext. 7")} == {"175550100"}


def test_mail_to_nobody_is_none():
    assert (mail("none@none.com"), mail("Ann@B.org "), mail("ann at b")) == (None, "ann@b.org", None)


def test_check_digits_tell_what_cannot_be_right():
    assert (nhs("9434765919"), nhs("9434765910"), nhs("9999999999")) == (True, False, False)
    assert [ssn(one) for one in ("536221234", "078051120", "987654321", "123456789")] == [True, False, False, False]
    assert (luhn("046454286"), luhn("046454287"), luhn("4x")) == (True, False, False)


def test_a_social_security_number_is_one_number_however_it_is_told():
    told = [
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "536-22-1234"},
        {"system": "urn:oid:2.16.840.1.113883.4.1", "value": "536 22 1234"},
        {"type_code": "SS", "value": "536221234"},
    ]
    assert identifiers(told, "adt").own == ("us-ssn|536221234",)


def test_a_record_number_belongs_to_who_gave_it_out():
    told = [
        {"type_code": "MR", "system": "urn:oid:1.2.3", "value": "0012"},
        {"type_code": "MR", "value": "0012"},
        {"type_code": "VN", "system": "urn:oid:1.2.3", "value": "V9"},
        {"type_code": "MB", "system": "payer", "value": "W1"},
    ]
    found = identifiers(told, "lab")
    assert (found.own, found.family, found.national) == (("1.2.3|0012", "lab mr|0012"), ("payer|W1",), ())


@pytest.mark.parametrize("value", ["999-99-9999", "123-45-6789", "000-00-0000", "UNKNOWN", "000-12-1234"])
def test_a_number_that_was_filled_in_is_none(value):
    assert identifiers([{"type_code": "SS", "value": value}], "adt").own == ()


def test_a_luhn_digit_is_checked_where_it_is_declared():
    told = [{"type_code": "JHN", "system": "on-health", "value": "9876543217"}]
    assert identifiers(told, "adt", {"on-health": "luhn"}).own == ("on-health|9876543217",)
    wrong = [{**told[0], "value": "9876543218"}]
    assert identifiers(wrong, "adt", {"on-health": "luhn"}).own == ()
    assert identifiers(wrong, "adt").own == ("on-health|9876543218",)


def test_a_record_of_placeholders_tells_nothing():
    found = normalise(
        {
            "patient_id": 1,
            "feed": "adt",
            "names": [{"family": "UNKNOWN", "given": ["TEST"]}],
            "birth_date": datetime.date(1900, 1, 1),
            "gender": "unknown",
            "addresses": [{"lines": ["UNKNOWN"], "city": "unknown", "postal_code": "99999"}],
            "telecom": [{"system": "phone", "value": "0000000000"}],
            "identifiers": [{"type_code": "SS", "value": "999-99-9999"}],
        }
    )
    assert found.known == 0
    assert (found.given, found.surname, found.birth, found.sex, found.phones, found.own_ids) == (*[None] * 4, [], [])
