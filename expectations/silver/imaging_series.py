"""What we know about series of images: most devices send a modality that their SOP class can hold."""

from expectations.check import rows

EXPECTATIONS = [
    rows(
        "modality_believed",
        "sent_as",
        "size(filter(sent_as, one -> one.element = 'modality')) > 0",
        at_most=0.2,
        doc="the modality is believed as sent",
    ),
]
