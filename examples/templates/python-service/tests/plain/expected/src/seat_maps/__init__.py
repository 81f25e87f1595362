"""Which seats there are"""


def greeting():
    return "seat-maps"
