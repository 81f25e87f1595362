"""${{ values.description }}"""


def greeting():
    return "${{ values.name }}"
